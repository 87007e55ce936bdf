"""The lectures' examples as packaged problem files: `chainrule explain 004` works by name."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable


def lecture_names() -> list[str]:
    """The names of the packaged problems.

    >>> "004" in lecture_names()
    True
    """
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def lecture_text(name: str) -> str | None:
    """The problem file of a lecture; None if there is none of this name."""
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8") if name in lecture_names() else None


def lecture_titles() -> dict[str, tuple[str, str]]:
    """Title and source of every lecture, by name."""
    found = {}
    for name in lecture_names():
        data = tomllib.loads(lecture_text(name) or "")
        found[name] = (str(data.get("title", "")), str(data.get("source", "")))
    return found


def _folder() -> Traversable:
    return files("chainrule.lectures")
