"""Sixty broken problem files: each is one clear line with file, line, column, what was found and what was expected.

Each file says in its last line where it is wrong; the messages are in golden/broken.txt.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.errors import ChainruleError
from chainrule.problem import load

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(BROKEN.glob("*.toml"))


def message(file: Path) -> str:
    with pytest.raises(ChainruleError) as caught:
        load(file)
    return str(caught.value).replace(str(file), file.name)


def test_there_are_enough() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_message_is_one_line_at_the_right_place(file: Path) -> None:
    text = message(file)
    place = file.read_text(encoding="utf-8", errors="replace").splitlines()[-1].removeprefix("# wrong at ")
    assert text.startswith(f"{file.name}:{place}: ")
    assert "\n" not in text
    assert len(text) < 300
    assert not re.search(r"PrintedNumber|Fraction\(|Name\(|<\w+ object|Traceback", text)


def test_the_messages(golden: Callable[[str, str], None]) -> None:
    golden("broken.txt", "".join(f"{message(file)}\n" for file in FILES))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ChainruleError, match=r"nothing\.toml: there is no such file\."):
        load(tmp_path / "nothing.toml")
    with pytest.raises(ChainruleError, match="found a folder; expected a file"):
        load(tmp_path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text("# " + "x" * 2**20 + "\n", encoding="utf-8")
    with pytest.raises(ChainruleError, match="larger than 1 MiB"):
        load(file)


@pytest.mark.parametrize("name", ["unknown-name", "toml-syntax", "weights-shape", "not-utf8"])
def test_the_command_line_exits_with_2_and_no_traceback(name: str) -> None:
    command = [sys.executable, "-m", "chainrule", "explain", str(BROKEN / f"{name}.toml")]
    process = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert process.returncode == 2
    assert process.stdout == ""
    assert "Traceback" not in process.stderr
    assert f"{name}.toml:" in process.stderr
