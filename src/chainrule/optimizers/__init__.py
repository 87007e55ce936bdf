"""Optimizers: how a gradient becomes an update, as rules that build nodes.

A rule is a function in `rules`; what it builds is printed, explained and compiled like any other formula. Adding one
is a row of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ProblemError, nearest
from chainrule.optimizers import rules
from chainrule.optimizers.options import Range, number, option_names, read_options, share
from chainrule.optimizers.program import training_program
from chainrule.optimizers.rules import CHANGE, Options, Rule, Slot, change_before, remembered
from chainrule.optimizers.step import Optimizer, Updates, build_updates, counter_label

__all__ = [
    "OPTIMIZERS", "Optimizer", "Updates", "build_updates", "change_before", "counter_label", "find_optimizer",
    "optimizer_options", "part_names", "training_program",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """An optimizer of the table: its rule, what it remembers, its options, and the parts that get a name."""

    rule: Rule
    slots: tuple[Slot, ...] | Callable[[Options], tuple[Slot, ...]] = ()
    options: Mapping[str, Range] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    counts: bool = False
    decays_apart: bool = False


_MOMENTUM: Final = share("0.9")
_MOMENTS: Final = (remembered("m"), remembered("v"))
_ADAM: Final = {"beta1": share("0.9"), "beta2": share("0.999"), "epsilon": number("0.00000001")}
_ADAM_PARTS: Final = ("m", "v", "mhat", "vhat")
_RPROP_OPTIONS: Final = {
    "eta_plus": Range(Fraction(6, 5), low=Fraction(1), above=True),
    "eta_minus": Range(Fraction(1, 2), high=Fraction(1), above=True),
    "step_min": number("0.000001"),
    "step_max": number("50"),
}
_TABLE: Final[Mapping[str, _Row]] = {
    "sgd": _Row(rules.sgd),
    "momentum": _Row(rules.momentum, (CHANGE,), {"momentum": _MOMENTUM}),
    "nesterov": _Row(rules.nesterov, (remembered("v"),), {"momentum": _MOMENTUM}, ("v",)),
    "adagrad": _Row(rules.adagrad, (remembered("s"),), {"epsilon": number("0.0000000001")}, ("s",)),
    "rmsprop": _Row(
        rules.rmsprop,
        rules.rmsprop_slots,
        {"rho": share("0.9"), "epsilon": number("0.00000001"), "momentum": share("0")},
        ("v",),
    ),
    "adam": _Row(rules.adam, _MOMENTS, _ADAM, _ADAM_PARTS, counts=True),
    "adamw": _Row(
        rules.adamw, _MOMENTS, {**_ADAM, "decay": share("0.01")}, _ADAM_PARTS, counts=True, decays_apart=True
    ),
    "rprop": _Row(
        rules.rprop,
        (remembered("step", starts="rate"), CHANGE, remembered("slope")),
        _RPROP_OPTIONS,
        ("step", "slope"),
    ),
    "quickprop": _Row(
        rules.quickprop, (CHANGE, remembered("slope")), {"mu": number("1.75")}, ("jump", "down", "slope")
    ),
}
OPTIMIZERS: Final = tuple(_TABLE)
_OTHER_NAMES: Final = {"nag": "nesterov", "gradient descent": "sgd", "rprop+": "rprop"}


def find_optimizer(name: object, options: Mapping[str, object] | None = None) -> Optimizer:
    """The optimizer of that name, with the options given and its defaults for the others.

    `sgd` with the option `momentum` is `momentum`, and with `nesterov = true` too it is `nesterov`. Every optimizer
    has the options `decay` (weight decay), `clip` (of each derivative) and `clip_norm` (of all together). Raises
    ProblemError for a name or an option that does not exist (with what was probably meant) and for a value out of
    range.

    >>> find_optimizer("sgd", {"momentum": 0.5})
    <Optimizer momentum, momentum=1/2>
    """
    found, given = _find(name), dict(options or {})
    if found in ("sgd", "momentum") and isinstance(given.get("nesterov"), bool):
        found = "nesterov" if given.pop("nesterov") else found
    if found == "sgd" and "momentum" in given:
        found = "momentum"
    row = _TABLE[found]
    chosen = read_options(found, row.options, given)
    slots = row.slots(chosen) if callable(row.slots) else row.slots
    _check_steps(chosen)
    return Optimizer(found, slots, chosen, row.rule, row.counts, row.decays_apart)


def optimizer_options() -> list[str]:
    """The names of all options of all optimizers.

    >>> {"momentum", "beta1", "decay", "clip_norm"} <= set(optimizer_options())
    True
    """
    return list(dict.fromkeys([option for row in _TABLE.values() for option in option_names(row.options)]))


def part_names(optimizer: Optimizer) -> tuple[str, ...]:
    """The names before `_w1` of what the rule keeps and works out for a parameter, clipping and decay included.

    >>> part_names(find_optimizer("adam"))
    ('m', 'v', 'mhat', 'vhat', 'g', 'clipped')
    """
    return (*_TABLE[optimizer.name].parts, "g", "clipped")


def _check_steps(options: Options) -> None:
    if "step_min" in options and options["step_min"] > options["step_max"]:
        what = f"step_min is {float(options['step_min'])}, which is more than step_max, {float(options['step_max'])}."
        raise ProblemError(what, hint="Give a smaller step_min.")


def _find(name: object) -> str:
    known = ", ".join(OPTIMIZERS)
    if not isinstance(name, str):
        raise ProblemError(f"optimizer is {name!r}, expected a name in quotes.", hint=f"The optimizers are {known}.")
    plain = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    plain = _OTHER_NAMES.get(plain, plain)
    if plain in _TABLE:
        return plain
    near = nearest(plain, OPTIMIZERS)
    meant = f"Did you mean {near!r}? " if near else ""
    raise ProblemError(f"there is no optimizer {name!r}.", hint=f"{meant}The optimizers are {known}.")
