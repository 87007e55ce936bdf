"""`import chainrule` stays cheap, and its lazy names are the ones it declares."""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import chainrule

HEAVY = {"numpy", "rich", "click", "flint", "llvmlite", "pylatexenc", "jax", "sklearn", "mpmath", "scipy"}
INIT = Path(__file__).parents[1] / "src" / "chainrule" / "__init__.py"


def loaded_by(code: str) -> set[str]:
    """The top-level packages that running `code` in a fresh interpreter loads."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, cwd=INIT.parents[1])
    return {name.split(".")[0] for name in re.findall(r"^import time:.*\|\s+(\S+)$", process.stderr, re.MULTILINE)}


def test_import_loads_nothing_heavy() -> None:
    loaded = loaded_by("import chainrule; dir(chainrule); chainrule.__version__; chainrule.ChainruleError")
    assert "chainrule" in loaded
    assert not loaded & HEAVY


def test_a_worked_solution_is_shown_without_what_checking_needs() -> None:
    problem = 'loads("formulas = \\"y = 2*x\\"\\n[given]\\nx = 3")'
    loaded = loaded_by(f"from chainrule.problem import loads; str({problem}.explain())")
    assert not loaded & (HEAVY | {"dataclasses", "inspect"})


def test_the_measurement_sees_what_is_loaded() -> None:
    assert {"click", "numpy"} <= loaded_by("import click, numpy.linalg")


@pytest.mark.parametrize("name", sorted(chainrule._HOME))
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(chainrule, name)
    assert value is getattr(import_module(f"chainrule.{chainrule._HOME[name]}"), name)
    assert value is getattr(chainrule, name)
    assert name in dir(chainrule)
    assert name in chainrule.__all__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(INIT.read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        name.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert declared == {name: f"chainrule.{home}" for name, home in chainrule._HOME.items()}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'grda'"):
        chainrule.grda  # noqa: B018
    with pytest.raises(ImportError, match="nothing"):
        exec("from chainrule import nothing", {})
    assert not hasattr(chainrule, "__wrapped__")


def test_a_star_import_brings_the_public_names() -> None:
    space: dict[str, object] = {}
    exec("from chainrule import *", space)
    assert space.keys() >= chainrule._HOME.keys()


def test_the_public_error_is_a_value_error_that_pickles() -> None:
    assert issubclass(chainrule.ChainruleError, ValueError)
    assert str(pickle.loads(pickle.dumps(chainrule.ChainruleError("x is unknown.")))) == "x is unknown."
