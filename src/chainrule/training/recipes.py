"""Problems for data that come without one: a plain recipe for any table, and the truth tables everybody starts with."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from chainrule.errors import ChainruleError, ProblemError
from chainrule.problem import Problem, loads
from chainrule.problem.data import BUILTIN, TRUTH, Columns, read_builtin, read_table

HIDDEN: Final = 32


def built_in(name: str) -> Problem | None:
    """The problem of a built-in set, such as xor or iris; None if there is none of this name."""
    plain = name.casefold().replace("_", " ").replace("-", " ")
    if plain in TRUTH:
        text = files("chainrule.training").joinpath("xor.toml").read_text(encoding="utf-8")
        return loads(
            text.replace('"xor"', f'"{plain}"').replace("Exclusive or", plain.capitalize()), file=f"{plain}.toml"
        )
    return recipe({"builtin": plain}, read_builtin(plain), "target", title=plain) if plain in BUILTIN else None


def table_problem(path: str, target: str | None) -> Problem:
    """The problem of a table: the column `target` (without it, the last) from all others.

    Raises ProblemError for a file or a column that is not there.
    """
    found = read_table(path)
    return recipe({"file": path}, found, target or list(found.columns)[-1], title=path)


def recipe(data: dict[str, str], found: Columns, target: str, *, title: str) -> Problem:
    """One hidden layer of 32 relu units and Adam on standardised inputs, a quarter of the rows held out as a test."""
    width = sum(part[0].size for name, part in found.columns.items() if name != target)
    classes = len(found.classes.get(target, ()))
    network: dict[str, Any] = {"layers": [width, HIDDEN, max(1, classes)], "init": "he normal", "seed": 0}
    network["activation"] = ["relu", "softmax" if classes else "linear"]
    network["loss"] = "cross entropy" if classes else "half squared error"
    described = {
        "title": f"{target} from the other columns of {title}",
        "minimise": "E",
        "network": network,
        "data": {**data, "target": target, "scale": "standard", "test": 0.25},
        "training": {
            "optimizer": "adam", "rate": 0.003, "batch": 32, "epochs": 500, "validation": 0.1, "patience": 30,
        },
    }  # fmt: skip
    try:
        return Problem.from_dict(described)
    except ChainruleError as error:  # whose place is in a file that nobody wrote
        hint = (error.hint or "").replace("Leave it out of inputs.", "Name the inputs in a problem file.")
        raise ProblemError(f"{title}: {error.what}", hint=hint or None) from None
