"""Backpropagation you can read, check and run.

The public names live in modules of their own and are loaded when first used, so that `import chainrule`
costs next to nothing: neither NumPy nor rich is loaded by it. Every name stands twice, in a table for
programs and below `TYPE_CHECKING` for type checkers; a test compares the two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.derivatives import grad as grad
    from chainrule.derivatives import hessian as hessian
    from chainrule.derivatives import jvp as jvp
    from chainrule.derivatives import value_and_grad as value_and_grad
    from chainrule.errors import ChainruleError as ChainruleError
    from chainrule.gradchecking import GradientReport as GradientReport
    from chainrule.gradchecking import gradcheck as gradcheck
    from chainrule.problem import Problem as Problem
    from chainrule.problem import load as load
    from chainrule.tracing import trace as trace

__version__ = "0.1.0.dev0"

_HOME = {
    "grad": "derivatives",
    "GradientReport": "gradchecking",
    "gradcheck": "gradchecking",
    "hessian": "derivatives",
    "jvp": "derivatives",
    "trace": "tracing",
    "value_and_grad": "derivatives",
    "ChainruleError": "errors",
    "Problem": "problem",
    "load": "problem",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value: object = getattr(import_module(f"chainrule.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
