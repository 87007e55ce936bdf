"""The README tells the truth: its console blocks are run, and what they show is what is printed.

In a block, `$ ` begins a command and the lines after it are its output; a line `...` stands for any number of
lines. A command without output must succeed. `make` is only tried in CI, as it installs things.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


class Command(NamedTuple):
    line: int
    text: str
    shown: list[str]


def commands(readme: str) -> list[Command]:
    found: list[Command] = []
    language = None
    for number, line in enumerate(readme.splitlines(), 1):
        if line.startswith("```"):
            language = line[3:].strip() if language is None else None
            fresh = True
        elif language == "console" and line.startswith("$ "):
            found.append(Command(number, line[2:], []))
            fresh = False
        elif language == "console" and not fresh:
            found[-1].shown.append(line.rstrip())
    return found


def ours(command: Command) -> bool:
    return re.match(r"chainrule\b|make demo\b", command.text) is not None


def matches(shown: list[str], printed: str) -> bool:
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    while shown and not shown[-1]:
        shown = shown[:-1]
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


def run(command: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "FORCE_COLOR"}}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"NO_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )


TEXT = README.read_text(encoding="utf-8") if README.exists() else ""
COMMANDS = [command for command in commands(TEXT) if ours(command)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"line-{command.line}")
def test_the_readme_shows_what_is_printed(command: Command) -> None:
    if command.text.startswith("make") and not os.environ.get("CHAINRULE_README_MAKE"):
        pytest.skip("make installs things; .ci/run tries it")
    process = run(command.text)
    assert "Traceback" not in process.stdout
    if not command.shown or "..." in command.shown:
        assert process.returncode == 0, process.stdout
    if command.shown:
        assert matches(command.shown, process.stdout), f"README.md:{command.line}\n{process.stdout}"


def test_the_readme_has_commands_to_try() -> None:
    assert any(command.text.startswith("chainrule explain") for command in COMMANDS)


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, f"one {language} block is expected"
    return found[0]


def test_the_problem_shown_is_the_example() -> None:
    assert block("toml") == (ROOT / "examples" / "neuron.toml").read_text(encoding="utf-8")


def test_the_python_shown_gives_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    session = doctest.DocTestParser().get_doctest(block("python"), {}, "README.md", str(README), 0)
    assert session.examples
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session)
    assert result.failed == 0


def test_blocks_are_read() -> None:
    block = "```console\nloose\n$ chainrule a\none\n\ntwo\n$ ls\n```\n"
    text = block + "$ chainrule no\n```sh\n$ chainrule no\n```\n"
    assert commands(text) == [Command(3, "chainrule a", ["one", "", "two"]), Command(7, "ls", [])]
    assert [ours(command) for command in commands(text)] == [True, False]


def test_output_is_compared_exactly_but_for_what_is_left_out() -> None:
    assert matches(["a", "b (x)"], "a\nb (x)\n")
    assert matches(["a", "...", "d"], "a\nb\nc\nd\n")
    assert matches(["a", "..."], "a\n")
    assert not matches(["a", "b"], "a\n")
    assert not matches(["a"], "a\nb\n")
    assert not matches(["a", "...", "d"], "a\nb\nc\n")
    assert not matches(["a.c"], "abc\n")
