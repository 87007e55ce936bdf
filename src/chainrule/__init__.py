"""Backpropagation you can read, check and run.

The public names live in modules of their own and are loaded when first used, so that `import chainrule`
costs next to nothing: neither NumPy nor rich is loaded by it. Every name stands twice, in a table for
programs and below `TYPE_CHECKING` for type checkers; a test compares the two.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers take it; loading `typing` takes as long as all of a short program
if TYPE_CHECKING:
    from chainrule.derivatives import grad as grad
    from chainrule.derivatives import hessian as hessian
    from chainrule.derivatives import jvp as jvp
    from chainrule.derivatives import value_and_grad as value_and_grad
    from chainrule.errors import ChainruleError as ChainruleError
    from chainrule.estimators import MLPClassifier as MLPClassifier
    from chainrule.estimators import MLPRegressor as MLPRegressor
    from chainrule.gradchecking import GradientReport as GradientReport
    from chainrule.gradchecking import gradcheck as gradcheck
    from chainrule.problem import Problem as Problem
    from chainrule.problem import load as load
    from chainrule.tracing import trace as trace
    from chainrule.training.compiled import compile as compile
    from chainrule.training.history import History as History
    from chainrule.training.loop import TrainingWarning as TrainingWarning
    from chainrule.training.loop import train as train
    from chainrule.training.model import MLP as MLP
    from chainrule.training.model import Model as Model
    from chainrule.training.rules import adagrad as adagrad
    from chainrule.training.rules import adam as adam
    from chainrule.training.rules import adamw as adamw
    from chainrule.training.rules import lbfgs as lbfgs
    from chainrule.training.rules import momentum as momentum
    from chainrule.training.rules import nesterov as nesterov
    from chainrule.training.rules import quickprop as quickprop
    from chainrule.training.rules import rmsprop as rmsprop
    from chainrule.training.rules import rprop as rprop
    from chainrule.training.rules import sgd as sgd
    from chainrule.training.saving import load_model as load_model
    from chainrule.training.saving import load_parameters as load_parameters
    from chainrule.training.saving import save_model as save_model
    from chainrule.training.schedules import adaptive_rate as adaptive_rate
    from chainrule.training.schedules import constant_rate as constant_rate
    from chainrule.training.schedules import cosine_rate as cosine_rate
    from chainrule.training.schedules import exponential_rate as exponential_rate
    from chainrule.training.schedules import inverse_rate as inverse_rate
    from chainrule.training.schedules import step_rate as step_rate
    from chainrule.training.schedules import warm_up as warm_up

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
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Problem": "problem",
    "load": "problem",
    "compile": "training.compiled",
    "load_model": "training.saving",
    "load_parameters": "training.saving",
    "save_model": "training.saving",
    "History": "training.history",
    "TrainingWarning": "training.loop",
    "train": "training.loop",
    "MLP": "training.model",
    "Model": "training.model",
    "adagrad": "training.rules",
    "adam": "training.rules",
    "adamw": "training.rules",
    "lbfgs": "training.rules",
    "momentum": "training.rules",
    "nesterov": "training.rules",
    "quickprop": "training.rules",
    "rmsprop": "training.rules",
    "rprop": "training.rules",
    "sgd": "training.rules",
    "adaptive_rate": "training.schedules",
    "constant_rate": "training.schedules",
    "cosine_rate": "training.schedules",
    "exponential_rate": "training.schedules",
    "inverse_rate": "training.schedules",
    "step_rate": "training.schedules",
    "warm_up": "training.schedules",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    value: object = getattr(__import__(f"chainrule.{_HOME[name]}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
