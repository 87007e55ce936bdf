"""The command line as people and programs meet it: exit statuses, one-line errors, pure JSON, quiet pipes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chainrule import cli
from chainrule.lectures import lecture_names, lecture_text

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))
PLACE = re.compile(r"error: \S+\.toml:\d+:\d+: ")
GREEK = """
title = "θ → ½ • naïve"
source = "page 3 – “x”"
minimise = "E"
rate = 0.5
formulas = '''
θ_1 = σ_w*x₁ + Δ
ŷ = sigmoid(θ_1)
E = ½*(y - ŷ)²
'''
[given]
"x₁" = 0.3
"Δ" = 0.1
y = 1
[parameters]
"σ_w" = 0.3
""".replace("x₁", "ξ")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("explain", "004")` as the command line does it, in this process."""

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["chainrule", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        caught = capsys.readouterr()
        return Result(status, caught.out, caught.err)

    return call


@pytest.fixture
def greek(tmp_path: Path) -> str:
    file = tmp_path / "greek.toml"
    file.write_text(GREEK, encoding="utf-8")
    return str(file)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "chainrule", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}


# -- exit statuses and errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("lectures",),
        ("--version",),
        ("--help",),
        ("explain", "--help"),
        ("explain", "002"),
        ("explain", "002", "--view", "code"),
        ("explain", "002", "--format", "json"),
        ("explain", "004", "--steps", "3", "--digits", "4", "--every-step"),
        ("explain", "004", "--of", "dE/dw5", "--of", "E@3"),
        ("explain", "004", "--until", "E"),
    ],
)
def test_success_is_status_0_with_nothing_on_standard_error(arguments: tuple[str, ...], run: Run) -> None:
    result = run(*arguments)
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("\n")


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_a_broken_file_is_one_line_and_status_2(file: Path, run: Run) -> None:
    result = run("explain", str(file))
    assert (result.status, result.out) == (2, "")
    *warnings, error = result.err.splitlines()
    assert PLACE.match(error), error
    assert all(line.startswith("warning: ") for line in warnings)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("explain", "nolecture"), "'nolecture'"),
        (("explain", "nofile.toml"), "nofile.toml"),
        (("explain", "004", "--of", "nonsense"), "'nonsense'"),
        (("explain", "004", "--of", "nonsense", "--format", "json"), "'nonsense'"),
        (("explain", "004", "--of", "dE/dw9"), "w9"),
        (("explain", "004", "--of", "dE/dw5'"), "(dE/dw5)@1"),
        (("explain", "004", "--of", "1 +"), "the end of the formula"),
        (("explain", "004", "--of", ""), ""),
        (("explain", "004", "--until", "nonsense"), "'nonsense'"),
        (("explain", "004", "--until", "dE/dx1"), "dE/dx1"),
        (("explain", "002", "--steps", "3"), "no update"),
        (("explain", "004", "-o", "no/such/folder/x"), "no/such/folder/x"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments: tuple[str, ...], named: str, run: Run) -> None:
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert named in result.err
    assert re.search(r"[.!?]\n$", result.err)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bogus",),
        ("explain",),
        ("explain", "004", "--bogus"),
        ("explain", "004", "--steps", "0"),
        ("explain", "004", "--steps", "many"),
        ("explain", "004", "--digits", "0"),
        ("explain", "004", "--width", "3"),
        ("explain", "004", "--view", "picture"),
        ("explain", "004", "--format", "pdf"),
        ("explain", "004", "002"),
    ],
)
def test_wrong_usage_is_status_2_and_no_traceback(arguments: tuple[str, ...], run: Run) -> None:
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert "Usage" in result.err


def test_lectures_lists_every_name(run: Run) -> None:
    lines = run("lectures").out.splitlines()
    assert [line.split()[0] for line in lines] == lecture_names()


# -- JSON


def json_of(result: Result) -> Any:
    assert result.status == 0
    return json.loads(result.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_json_is_one_document_and_warnings_go_to_standard_error(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "warned.toml"
    file.write_text('formulas = "y = 2*x"\n[given]\nx = 1\nidle = 3\n', encoding="utf-8")
    result = run("explain", str(file), "--format", "json")
    assert json_of(result)["values"] == {"x": 1.0, "y": 2.0, "dy/dx": 2.0, "idle": 3.0}
    assert re.fullmatch(r"warning: \S+warned\.toml:4:1: 'idle' is given, but no formula uses it\.\n", result.err)


@pytest.mark.parametrize("name", lecture_names())
def test_json_has_the_shape_of_the_contract(name: str, run: Run) -> None:
    document = json_of(run("explain", name, "--format", "json"))
    assert list(document) == ["title", "steps", "values"]
    assert isinstance(document["title"], str)
    for step in document["steps"]:
        assert list(step) == ["quantity", "update", "pass", "formula", "numbers", "value"]
        assert step["pass"] in ("forward", "backward", "update")
        assert isinstance(step["update"], int)
        assert isinstance(step["formula"], str)
        assert step["numbers"] is None or isinstance(step["numbers"], str)
        assert step["value"] is None or isinstance(step["value"], float)
    assert all(is_number_or_nested(value) for value in document["values"].values())


def is_number_or_nested(value: Any) -> bool:
    return all(map(is_number_or_nested, value)) if isinstance(value, list) else value is None or type(value) is float


def test_json_of_004_holds_all_that_the_contract_promises(run: Run) -> None:
    values = json_of(run("explain", "004", "--format", "json"))["values"]
    names = ["h1", "h2", "out_h1", "out_h2", "o1", "o2", "out_o1", "out_o2", "E1", "E2"]
    weights = [f"w{k}" for k in range(1, 9)]
    given = ["x1", "x2", "t1", "t2", "b1", "b2"]
    derivatives = [f"dE/d{name}" for name in (*names, *weights, *given)]
    assert {*names, "E", *weights, *given, *derivatives, *(f"{w}'" for w in weights)} <= set(values)
    assert values["w5"] == 0.4
    assert values["E"] == 0.2983711087600027
    assert values["dE/dw5"] == 0.08216704056423078


def test_values_belong_to_the_first_update_whatever_is_explained(run: Run) -> None:
    first = json_of(run("explain", "004", "--format", "json"))
    fifth = json_of(run("explain", "004", "--format", "json", "--steps", "5"))
    assert fifth["values"] == first["values"]
    assert {step["update"] for step in first["steps"]} == {1, 2}
    assert {step["update"] for step in fifth["steps"]} == {5, 6}


def test_numbers_in_json_come_back_bit_by_bit(run: Run) -> None:
    values = json_of(run("explain", "004", "--format", "json", "--of", "w1/3", "--of", "0.1 + 0.2*w1/w1"))["values"]
    assert values["w1/3"] == 0.15 / 3
    assert values["0.1 + 0.2*w1/w1"] == 0.1 + 0.2


def test_other_quantities_are_spelled_as_they_were_asked_for(run: Run) -> None:
    asked = ["∂E/∂w5", "w5' ", "Δw5", "change(w5)", "E@100", "delta(h1)", "d(dE/dw1)/dw2", "w1 * x1", "sigmoid'(h1)"]
    arguments = [part for text in asked for part in ("--of", text)]
    values = json_of(run("explain", "004", "--format", "json", *arguments))["values"]
    assert set(asked) <= set(values)
    assert values["∂E/∂w5"] == values["dE/dw5"]
    assert values["Δw5"] == values["change(w5)"] == values["w5'"] - values["w5"]
    assert values["delta(h1)"] == values["dE/dh1"]
    assert values["w1 * x1"] == 0.15 * 0.05


def test_what_is_not_finite_or_has_no_value_is_null(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "poles.toml"
    text = "symbols = ['s']\nformulas = '''\ny = 1/x\nz = log(x - 1)\nu = s*x\n'''\n[given]\nx = 0\n"
    file.write_text(text, encoding="utf-8")
    values = json_of(run("explain", str(file), "--format", "json"))["values"]
    assert [values[name] for name in ("x", "y", "z", "u", "s")] == [0.0, None, None, None, None]


def test_arrays_are_nested_in_matrix_notation_and_taken_apart_in_others(run: Run, tmp_path: Path) -> None:
    source = lecture_text("000") or ""
    file = tmp_path / "matrix.toml"
    file.write_text(source.replace('notation   = "nptel"', 'notation = "matrix"'), encoding="utf-8")
    values = json_of(run("explain", str(file), "--format", "json", "--of", "dE/dW1[2,1]", "--of", "W1@2"))["values"]
    assert values["W1"] == [[1.5, 0.8], [0.2, -1.6]]
    assert values["b1"] == [0.5, 0.8]
    assert [len(row) for row in values["dE/dW2"]] == [2, 2]
    assert values["dE/dW1[2,1]"] == values["dE/dW1"][1][0]
    assert len(values["W1'"]) == len(values["W1@2"]) == 2
    assert not any("[" in name for name in values if name != "dE/dW1[2,1]")
    apart = json_of(run("explain", "000", "--format", "json"))["values"]
    assert apart["dE/dW1_12"] == values["dE/dW1[2,1]"]  # from input 1 to unit 2: source first
    assert all(type(value) is float for value in apart.values())


# -- the page


def test_no_colour_where_nobody_looks(run: Run) -> None:
    assert "\x1b" not in run("explain", "004").out


def in_a_terminal(*arguments: str, **more: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(*arguments), stdout=theirs, stderr=theirs, env=environment(**more))
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side has been closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_colour_in_a_terminal_unless_it_is_not_wanted() -> None:
    colored = in_a_terminal("explain", "002", COLUMNS="100", TERM="xterm")
    plain = in_a_terminal("explain", "002", COLUMNS="100", TERM="xterm", NO_COLOR="1")
    assert "\x1b[" in colored
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain


@pytest.mark.parametrize("name", lecture_names())
@pytest.mark.parametrize("view", ["steps", "code"])
def test_ascii_is_ascii(name: str, view: str, run: Run) -> None:
    assert run("explain", name, "--ascii", "--view", view).out.isascii()


@pytest.mark.parametrize("view", ["steps", "code"])
def test_ascii_of_greek_names_keeps_them_apart(greek: str, view: str, run: Run) -> None:
    out = run("explain", greek, "--ascii", "--view", view).out
    assert out.isascii()
    assert "y_hat" in out
    assert "theta_1" in out
    assert "?" not in out


def test_the_program_in_ascii_runs(greek: str, run: Run) -> None:
    found: dict[str, Any] = {}
    exec(run("explain", greek, "--ascii", "--view", "code").out, found)
    assert found["y_hat"] == pytest.approx(0.547358, abs=1e-6)


@pytest.mark.parametrize("name", lecture_names())
def test_no_line_is_wider_than_asked_for_unless_it_cannot_be_broken(name: str, run: Run) -> None:
    for line in run("explain", name, "--width", "60").out.splitlines():
        assert len(line) <= 60 or not re.search(r"\S [+*-] \S", line), line


def test_the_output_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    result = run("explain", "004", "-o", str(file))
    assert result == Result(0, "", "")
    assert file.read_text("utf-8") == run("explain", "004").out
    run("explain", "004", "--format", "json", "--output", str(file))
    assert file.read_text("utf-8") == run("explain", "004", "--format", "json").out


def test_a_lectures_name_and_its_file_say_the_same(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "004.toml"
    file.write_text(lecture_text("004") or "", encoding="utf-8")
    assert run("explain", str(file)).out == run("explain", "004").out


def test_only_what_was_asked_for(run: Run) -> None:
    out = run("explain", "004", "--of", "∂E/∂w5").out
    assert "dE/dw5 = dE/dout_o1 * dout_o1/do1 * do1/dw5\n" in out
    assert "dE/dw6" not in out


def test_until(run: Run) -> None:
    out = run("explain", "004", "--until", "∂E/∂w5").out
    assert out.rstrip().endswith("= 0.082167041")
    assert "dE/dw5 = " in out
    assert "dE/dw6" not in out


def test_digits(run: Run) -> None:
    assert "= 0.2984\n" in run("explain", "004", "--digits", "4").out


# -- pipes and signals


@pytest.mark.parametrize("arguments", [("explain", "004"), ("explain", "004", "--format", "json"), ("lectures",)])
def test_a_reader_that_leaves_is_no_error(arguments: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=60)


def test_an_interrupt_is_no_traceback() -> None:
    process = subprocess.Popen(
        command("explain", "004", "--steps", "10000000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0
    assert out == b""
    assert err.strip() == b"error: interrupted."


def test_a_terminal_that_is_not_utf8_still_gets_every_name(greek: str) -> None:
    result = subprocess.run(
        command("explain", greek), capture_output=True, check=True, env=environment(PYTHONIOENCODING="ascii")
    )
    assert result.stderr == b""
    assert b"theta_1 = sigma_w*xi" in result.stdout


def test_json_is_utf8_whatever_the_terminal_is(greek: str) -> None:
    arguments = command("explain", greek, "--format", "json")
    result = subprocess.run(arguments, capture_output=True, check=True, env=environment(PYTHONIOENCODING="ascii"))
    assert json.loads(result.stdout.decode("utf-8"))["values"]["dE/dθ_1"] < 0
