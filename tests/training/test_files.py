"""Problem files with [data] and [training], tables, built-in sets, and the command that trains them."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import commands
from chainrule.errors import ChainruleError, MissingPartError, ProblemError
from chainrule.lectures import lecture_text
from chainrule.problem import loads
from chainrule.problem.data import read_table
from chainrule.quantity import spell
from chainrule.training import spans, teams
from chainrule.training.chart import chart
from chainrule.training.command import problem_to_train
from chainrule.training.from_problem import run_task, task_of
from chainrule.training.report import metrics, report
from chainrule.training.sessions import session_of

FLOWERS = """
minimise = "E"
[network]
layers = [2, 4, 3]
activation = ["tanh", "softmax"]
loss = "cross entropy"
init = "glorot uniform"
[data]
file = "flowers.csv"
target = "kind"
test = 0.25
[training]
optimizer = "adam"
rate = 0.05
batch = 8
epochs = 60
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a table of three kinds of flowers that two measurements tell apart."""
    random = np.random.default_rng(0)
    lines = ["length,kind,width"]
    for k, kind in enumerate(("rose", "aster", "tulip")):
        for _ in range(20):
            lines.append(f"{k + random.normal() / 9:.3f},{kind},{(k - 1) ** 2 + random.normal() / 9:.3f}")
    (tmp_path / "flowers.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "flowers.toml").write_text(FLOWERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, ["train", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_threads_are_asked_for_on_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def watched(*given: Any, threads: int = 1, **options: Any) -> Any:
        seen.append(threads)
        return session_of(*given, threads=threads, **options)

    monkeypatch.setattr(spans, "session_of", watched)
    monkeypatch.setattr(teams, "_WORTH", 1)
    shown = [run("flowers.toml", *options).stdout.splitlines()[-4:] for options in ([], ["--threads", "2"])]
    assert seen == [1, 2]
    assert shown[0] == shown[1]
    assert run("flowers.toml", "--threads", "0").exit_code == 2


def test_classes_become_rows_and_a_quarter_is_held_out(folder: Path) -> None:
    problem = cr.load("flowers.toml")
    assert problem.data is not None
    assert problem.data.classes == ("aster", "rose", "tulip")
    assert problem.data.inputs == ("length", "width")
    task = task_of(problem)
    assert task.test is not None
    assert (len(task.learn["x"]), len(task.test["x"])) == (45, 15)
    assert task.test["t"].sum(axis=0).tolist() == [5, 5, 5]
    history = run_task(task)
    found = metrics(task)
    assert history.stopped_by == "epochs"
    assert found["accuracy"] > 0.95
    assert found["test_accuracy"] > 0.9


def test_a_training_problem_is_explained_too(folder: Path) -> None:
    problem = loads(FLOWERS.replace("batch = 8", "batch = 1"), file="flowers.toml")
    step = next(iter(problem.explain().steps))
    assert np.isfinite(step.value)


def test_json_is_the_contract(folder: Path) -> None:
    result = run("flowers.toml", "--format", "json", "-o", "m.npz")
    found = json.loads(result.stdout)
    assert list(found) == ["epochs", "updates", "stopped_by", "loss", "metrics", "seconds", "model"]
    assert (found["epochs"], found["updates"], found["stopped_by"]) == (60, 360, "epochs")
    assert found["model"] == "m.npz"
    model = cr.load_model("m.npz")
    task = task_of(cr.load("flowers.toml"))
    X, T = task.given(task.learn)
    assert model.loss(X, T) == pytest.approx(found["loss"], rel=1e-12)


@pytest.mark.parametrize("name", ["003", "xor", "and", "or"])
def test_names_work_out_of_the_box_and_show_decision_and_error(name: str, folder: Path) -> None:
    result = run(name)
    assert result.exit_code == 0
    head = next(line for line in result.stdout.splitlines() if "decision" in line)
    assert head.split()[-2:] == ["decision", "error"]
    assert "right: 100.0 %" in result.stdout
    assert "(wrong)" not in result.stdout
    assert (folder / f"{name}.npz").exists() or (folder / f"{name}.safetensors").exists()
    assert result.stdout.isascii() or "│" in result.stdout


def test_ascii_is_ascii(folder: Path) -> None:
    assert run("003", "--ascii").stdout.isascii()


def test_a_table_needs_no_problem_file(folder: Path) -> None:
    result = run("flowers.csv", "--target", "kind", "--epochs", "200", "-o", "t.npz")
    assert "of the test" in result.stdout
    problem = problem_to_train("flowers.csv", "kind", cr.load)
    assert problem.notation is not None
    assert problem.notation.layers == (2, 32, 3)


def test_numbers_are_a_regression_and_npz_is_read(folder: Path) -> None:
    x = np.linspace(-1, 1, 40)
    np.savez(folder / "line.npz", x=x, y=3 * x + 1)
    problem = problem_to_train("line.npz", "y", cr.load)
    task = task_of(problem)
    run_task(task)
    assert metrics(task)["r2"] > 0.98


def test_parquet_is_read(folder: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"length": [1.0, 2.0, 3.0], "count": [1, 2, 3], "kind": ["b", "a", "b"]}
    parquet.write_table(arrow.table(columns), folder / "t.parquet")
    found = read_table("t.parquet")
    assert found.columns["length"].tolist() == [1.0, 2.0, 3.0]
    assert found.columns["kind"].tolist() == [1, 0, 1]
    assert found.classes == {"kind": ("a", "b")}
    (folder / "broken.parquet").write_text("nothing")
    with pytest.raises(ProblemError, match="not a Parquet file"):
        read_table("broken.parquet")


def test_parquet_needs_a_library(folder: Path) -> None:
    if find_spec("pyarrow") is None:
        with pytest.raises(MissingPartError, match=r"pip install 'chainrule\[train\]'"):
            read_table("t.parquet")


def test_formulas_name_the_columns(folder: Path) -> None:
    rows = "\n".join(f"{k},{2 * k + 1}" for k in range(5))
    (folder / "line.csv").write_text(f"x,t\n{rows}\n")
    text = """
    formulas = "y = a*x + b; E = 1/2*(t - y)^2"
    minimise = "E"
    parameters = {a = 0, b = 0}
    data = {file = "line.csv", target = "t"}
    training = {rate = 0.05, epochs = 2000, shuffle = false}
    """
    task = task_of(loads(text.replace("    ", "")))
    run_task(task)
    assert task.model.parameters["a"] == pytest.approx(2, abs=1e-3)
    assert task.model.parameters["b"] == pytest.approx(1, abs=1e-2)


def test_updates_are_those_that_are_explained() -> None:
    """The trained w' of update 3 is the explained one: one example after the other, in the file's order."""
    problem = loads(lecture_text("003") or "")
    task = task_of(problem)
    run_task(task, updates=3)
    explained = problem.explain(steps=3)
    values = {spell(step.quantity): step.value for step in explained.steps}
    for name, value in task.model.parameters.items():
        assert values[f"{name}'"] == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize("name", ["000", "001", "004"])
def test_a_lecture_without_examples_trains_on_its_one(name: str) -> None:
    task = task_of(loads(lecture_text(name) or ""))
    history = run_task(task)
    assert history.stopped_by.endswith("< 0.01")
    assert report(task, history, saved=None)["loss"] < 0.01


def test_weights_of_examples_count(folder: Path) -> None:
    text = """
formulas = "E = (w - t)^2"
minimise = "E"
[parameters]
w = 0
[examples]
t = [1, 5]
weight = [3, 1]
[training]
rate = 0.1
weights = "weight"
epochs = 400
"""
    task = task_of(loads(text))
    run_task(task)
    assert task.model.parameters["w"] == pytest.approx(2.0)


MISTAKES = {
    'file = "nothing.csv"': "cannot read",
    'file = "flowers.txt"': "data files end in .csv, .npz, .parquet",
    'builtin = "xxor"': "'xxor' where",
    'builtin = "xor"\nfile = "flowers.csv"': "neither or both",
    "": "neither or both",
    'file = "flowers.csv"\ntarget = "knid"': "no column 'knid'. Did you mean 'kind'?",
    'file = "flowers.csv"\ntarget = "length"\ninputs = ["kind", "width"]': "'kind' holds words, such as",
    'file = "flowers.csv"\ntarget = "kind"\ninputs = ["length"]': "1 columns for x, but the network has 2",
    'file = "flowers.csv"\ntarget = "kind"\ntest = 1.5': "test is 1.5",
    'file = "flowers.csv"\ntarget = "kind"\nscale = "log"': "'none' or 'standard'",
    'file = "flowers.csv"\ntargets = "kind"': "target",
    'file = "ragged.csv"\ntarget = "kind"': "line 5 of",
    'file = "words.csv"\ntarget = "kind"': "line 9 of words.csv has 'tall' in the column 'length', expected a number",
    'file = "head.csv"\ntarget = "kind"': "no rows",
    'file = "twice.csv"\ntarget = "kind"': "two columns of one name",
    'file = "broken.npz"\ntarget = "kind"': "not a .npz file",
    'file = "uneven.npz"\ntarget = "kind"': "differ in length",
}  # fmt: skip


@pytest.mark.parametrize("data", MISTAKES)
def test_what_is_wrong_with_data_is_named_with_its_place(data: str, folder: Path) -> None:
    (folder / "ragged.csv").write_text("length,width,kind\n1,2,a\n\n\n1,2\n")
    two_lines = '1,2,"a\nb"\n'
    (folder / "words.csv").write_text("length,width,kind\n" + "1,2,a\n" * 5 + two_lines + "tall,2,b\n")
    (folder / "head.csv").write_text("length,width,kind\n")
    (folder / "twice.csv").write_text("length,length,kind\n1,2,a\n")
    (folder / "broken.npz").write_text("nothing")
    np.savez(folder / "uneven.npz", length=np.zeros(3), width=np.zeros(4), kind=np.zeros(3))
    head, _, tail = FLOWERS.partition("[data]")
    text = f"{head}[data]\n{data}\n[training]{tail.partition('[training]')[2]}"
    with pytest.raises(ProblemError) as caught:
        loads(text, file="flowers.toml")
    assert MISTAKES[data] in str(caught.value)
    assert str(caught.value).startswith("flowers.toml:")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("epochs = 0", "epochs is 0"),
        ('stop = "E is small"', "found stop"),
        ('schedule = "moon(3)"', "schedule is 'moon(3)'"),
        ("dropout = 2.0", "dropout"),
        ("patience = -1", "patience is -1"),
        ("validation = 3", "validation is 3"),
    ],
)
def test_what_is_wrong_with_training_is_named_with_its_line(line: str, told: str, folder: Path) -> None:
    text = FLOWERS.replace("epochs = 60", line)
    with pytest.raises(ChainruleError) as caught:
        run_task(task_of(loads(text, file="flowers.toml")))
    assert told in str(caught.value)
    if not line.startswith("dropout"):
        assert str(caught.value).startswith("flowers.toml:16:")


@pytest.mark.parametrize("name", ["001-chain-rule", "002"])
def test_what_cannot_be_trained_says_so(name: str) -> None:
    with pytest.raises(ProblemError):
        task_of(loads(lecture_text(name) or ""))


def test_unknown_names_and_a_target_without_a_table(folder: Path) -> None:
    result = CliRunner().invoke(commands, ["train", "nothing"])
    assert "there is no file and no lecture called 'nothing'" in str(result.exception)
    result = CliRunner().invoke(commands, ["train", "xor", "--target", "t"])
    assert "--target goes with a table" in str(result.exception)


def test_sets_of_scikit_learn(folder: Path) -> None:
    pytest.importorskip("sklearn")
    assert "of the test" in run("iris", "-o", "iris.npz").stdout


def test_charts_are_logarithmic_where_the_error_falls_far() -> None:
    assert chart([], width=20) == chart([1.0], width=20) == ""
    assert chart([1.0, 1.0], width=20)
    assert chart([float("nan"), 1.0], width=20) == ""
    lines = chart([10.0**-k for k in range(11)], width=11, height=11, ascii_only=True).splitlines()
    assert [line.index("*") - line.index("|") - 1 for line in lines[:11]] == list(range(11))
