"""Reads `rate` and `[training]`: how the parameters are changed, and by how many examples at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Final, Literal, cast

from chainrule.errors import ProblemError
from chainrule.formula.lowering import nearest_hint
from chainrule.formula.tokens import show
from chainrule.optimizers import Optimizer, find_optimizer, optimizer_options
from chainrule.problem.problem import Training
from chainrule.problem.tables import Entry, choice_of, describe, exact_text, table, text_of
from chainrule.quantity import Name, Quantity
from chainrule.toml_source import TomlSource, allowed, as_number

# What says how long and in which order to train is read by `training`.
LOOP: Final = (
    "epochs", "stop", "updates", "seconds", "change", "patience", "validation", "shuffle", "seed", "schedule", "keep",
    "l1", "l2", "dropout",
)  # fmt: skip
KEYS: Final = ("optimizer", "rate", "batch", "over", "weights", *LOOP)
OPTIONS: Final = (*optimizer_options(), "nesterov")


def read_training(
    source: TomlSource, entries: Sequence[Entry], minimise: Quantity | None
) -> tuple[Training, Fraction | None]:
    """How the problem is trained, and the learning rate where it is a number of its own."""
    section = table(source, "training")
    optimizer = _optimizer(source, section)
    rate, value = _rate(source, entries)
    if rate is None and minimise is not None and "optimizer" in section:
        place = source.place(("training", "optimizer"))
        what = f"the optimizer {optimizer.name} needs a learning rate."
        raise ProblemError(what, place=place, hint="Write rate = 0.1 below it.")
    training = Training(
        optimizer=optimizer.name,
        options=optimizer.options,
        rate=rate,
        batch=_batch(source, section.get("batch", "all")),
        over=_over(source, section.get("over", "mean")),
        weights=_weights(source, section, entries),
    )
    if rate is not None and minimise is None:
        path = ("rate",) if "rate" in source.data else ("training", "rate")
        what = "found a learning rate, but nothing is minimised."
        raise ProblemError(what, place=source.place(path), hint='Say what: minimise = "E".')
    return training, value


def _optimizer(source: TomlSource, section: Mapping[str, Any]) -> Optimizer:
    """The optimizer with its options, which are all keys of [training] that mean nothing else."""
    name = text_of(source, ("training", "optimizer"), section.get("optimizer", "sgd"), what="a name in quotes")
    others = [key for key in section if key not in KEYS]
    if any(get_close_matches(key.casefold(), KEYS, n=1, cutoff=0.7) for key in others if key not in OPTIONS):
        allowed(source, ("training",), (*KEYS, *OPTIONS))
    options = {key: _option(source, key, section[key]) for key in others}
    try:
        return find_optimizer(name, options)
    except ProblemError as error:
        key = next((key for key in options if key in error.what), "optimizer")
        raise error.at(source.place(("training", key), value=key in KEYS)) from None


def _option(source: TomlSource, key: str, value: Any) -> object:
    if key == "nesterov" and isinstance(value, bool):
        return value
    return exact_text(source, ("training", key), value)


def _rate(source: TomlSource, entries: Sequence[Entry]) -> tuple[Quantity | None, Fraction | None]:
    section = table(source, "training")
    if "rate" in source.data and "rate" in section:
        place = source.place(("training", "rate"))
        line = source.place(("rate",)).line
        raise ProblemError(f"`rate` stands here and in line {line}.", place=place, hint="Keep one of them.")
    path = ("rate",) if "rate" in source.data else ("training", "rate")
    value = source.data["rate"] if "rate" in source.data else section.get("rate")
    if value is None:
        return None, None
    place = source.place(path, value=True)
    number = as_number(value, place=place)
    if number is not None:
        exact_text(source, path, value)
        if number.value < 0:
            raise ProblemError(f"the learning rate is {number.text}, expected 0 or more.", place=place)
        if any(entry.name == "rate" for entry in entries):
            hint = 'Write rate = "rate", or call the other something else.'
            raise ProblemError("`rate` is a number here, and also the name of a quantity.", place=place, hint=hint)
        return Name("rate"), number.value
    if not isinstance(value, str):
        raise ProblemError(
            f"found {describe(value)} where a learning rate was expected.",
            place=place,
            hint="Write a number, or the name of a given in quotes.",
        )
    return Name(_rate_name(source, path, value, entries)), None


def _rate_name(source: TomlSource, path: tuple[str, ...], name: str, entries: Sequence[Entry]) -> str:
    place = source.place(path, value=True)
    known = {entry.name: entry for entry in entries if entry.kind in ("given", "symbols")}
    if name not in known:
        hint = nearest_hint(name, list(known)) or "Write a number."
        raise ProblemError(f"rate names {show(name)}, which is not given.", place=place, hint=hint)
    if known[name].shape:
        raise ProblemError(f"rate names {show(name)}, which is an array; expected a single number.", place=place)
    return name


def _batch(source: TomlSource, value: Any) -> int | Literal["all"]:
    if value == "all":
        return "all"
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ProblemError(
            f"found {describe(value)} where the number of examples of a batch was expected.",
            place=source.place(("training", "batch"), value=True),
            hint='Write a whole number above 0, or "all".',
        )
    return value


def _over(source: TomlSource, value: Any) -> Literal["sum", "mean"]:
    return cast(Literal["sum", "mean"], choice_of(source, ("training", "over"), value, ("sum", "mean")))


def _weights(source: TomlSource, section: Mapping[str, Any], entries: Sequence[Entry]) -> Quantity | None:
    """What each example's error is multiplied by, where [training] names it."""
    if "weights" not in section:
        return None
    path = ("training", "weights")
    name, place = text_of(source, path, section["weights"], what="a name in quotes"), source.place(path, value=True)
    found = {entry.name: entry for entry in entries if entry.kind == "examples"}.get(name)
    if found is None or found.shape:
        what = f"weights names {show(name)}, expected a name of [examples] with one number for each."
        raise ProblemError(what, place=place, hint="Write weight = [1, 2, ...] there.")
    if section.get("batch", "all") != "all":
        hint = f"Multiply the error by it in its formula: E = {name}*(...)."
        raise ProblemError('weights are for batch = "all".', place=place, hint=hint)
    for at, value in enumerate(found.value):
        if value < 0:
            where = source.place(("examples", name, at), value=True)
            raise ProblemError(
                f"the weight of example {at + 1} is below 0.", place=where, hint="Use 0 to leave it out."
            )
    if not any(found.value):
        raise ProblemError("all weights are 0.", place=found.place, hint="Give at least one example a weight above 0.")
    return Name(name)
