"""`chainrule check` as people and programs meet it: exit statuses, formats, pure JSON, quiet pipes, colour."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule import cli

pytest.importorskip("flint")

LECTURE = str(Path(__file__).parent / "lectures" / "000.toml")
PROBLEM = """
title = "A unit"
minimise = "E"
rate = 0.5
formulas = '''
h = w*x
E = 1/2*(t - h)^2
'''
working = '''
{}
'''
[given]
x = 3
t = 1
[parameters]
w = 2
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["chainrule", "check", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        caught = capsys.readouterr()
        return status, caught.out, caught.err

    return call


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(working: str) -> str:
        path = tmp_path / "unit.toml"
        path.write_text(PROBLEM.format(working), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(
    ("working", "status"),
    [
        ("h = 6", 0),
        ("prose alone", 0),
        ("E = 1/2*(1 - 6)^2 = 12.5", 0),
        ("h = 7", 1),
        ("h = 7\nE = 1/2*(1 - 7)^2", 1),
        ("q = 7", 2),
        ("h = 7\nh = 2**", 2),
    ],
)
def test_exit_status(run: Run, file: Callable[[str], str], working: str, status: int) -> None:
    for options in ((), ("--format", "json"), ("--format", "html"), ("--corrected",), ("--first",)):
        found, out, err = run(file(working), *options)
        assert found == status
        assert out
        assert not err


def test_a_lecture_by_name_has_nothing_to_check(run: Run) -> None:
    status, out, _ = run("004")
    assert status == 0
    assert "There is nothing to check" in out


@pytest.mark.parametrize("text", ["formulas = 'y = '\n", "formulas = 'y = x'\nworking = 3\n", "h = = 2"])
def test_a_broken_file_is_one_line_and_status_2(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    status, out, err = run(str(path))
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_no_such_file(run: Run) -> None:
    status, _, err = run("nowhere.toml")
    assert status == 2
    assert err.count("\n") == 1


def test_json_is_one_document(run: Run) -> None:
    _, out, _ = run(LECTURE, "--format", "json")
    found = json.loads(out)
    assert set(found) == {"title", "links", "unread", "counts"}
    keys = {"line", "column", "quantity", "text", "kind", "verdict", "exact", "expected", "causes", "note"}
    assert all(set(link) == keys for link in found["links"])
    assert sum(found["counts"].values()) == len(found["links"])


def test_the_format_follows_the_name_of_the_file(run: Run, file: Callable[[str], str], tmp_path: Path) -> None:
    for name, begin in (
        ("r.html", "<!DOCTYPE html>"),
        ("r.md", "# A unit"),
        ("r.tex", r"\documentclass"),
        ("r", "A un"),
    ):
        status, out, _ = run(file("h = 7"), "-o", str(tmp_path / name))
        assert (status, out) == (1, "")
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)


def test_corrected_is_the_working_alone(run: Run, file: Callable[[str], str]) -> None:
    _, out, _ = run(file("prose\nh = 2*3 = 7   # here"), "--corrected")
    assert out == "prose\nh = 2*3 = 6   # here\n"
    status, _, err = run(file("h = 7"), "--corrected", "--first")
    assert status == 2
    assert err.startswith("error: --corrected")


def test_first(run: Run, file: Callable[[str], str]) -> None:
    _, out, _ = run(file("h = 7\nE = 99"), "--first")
    assert "h = 7" in out
    assert "99" not in out
    assert "should be" not in out


def test_width_and_ascii(run: Run) -> None:
    _, out, _ = run(LECTURE, "--width", "60", "--ascii")
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 70  # numbers and links in remarks are not broken below the margin


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "chainrule", "check", *arguments]


def test_a_reader_that_goes_away_is_no_error() -> None:
    with subprocess.Popen(command(LECTURE), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def on_a_terminal(**more: str) -> str:
    """What the command writes to a terminal."""
    master, slave = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen(command(LECTURE), stdout=slave, env={**env, "PYTHONIOENCODING": "utf-8", **more}) as process:
        os.close(slave)
        found = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            found += part
    os.close(master)
    assert process.returncode == 1
    return found.decode()


def test_colours_are_for_terminals_and_not_for_who_wants_none() -> None:
    assert "\x1b[1;31m✗ wrong" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")
    piped = subprocess.run(command(LECTURE), stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert b"\x1b" not in piped.stdout
    assert piped.returncode == 1


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = subprocess.run(command(LECTURE), stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.stdout.isascii()
    assert b"x wrong" in done.stdout
