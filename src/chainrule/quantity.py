"""Structured labels of quantities: what a number *is*, apart from how a notation spells it.

quantity ::= Name(text)                      h1, out_h1, W1
           | Element(of, index)              W1[2,1]           counted from 1, as in the lectures
           | Derivative(of, by, direct)      dE/dw5
           | Updated(of, times)              w5', E@100        the value after so many updates
           | Change(of)                      Δw5               the value after an update minus the one before
           | Memory(of, name)                m_w5              what an update rule keeps or works out for a parameter
           | Example(of, number)             o1{2}             the quantity for one training example
"""

from __future__ import annotations

from typing import TypeAlias

from chainrule.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """What a person called it."""

    text: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an array; `index` counts from 1."""

    of: Quantity
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Derivative:
    """The derivative of one quantity by another: total, or `direct` (the other arguments held fixed)."""

    of: Quantity
    by: Quantity
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Updated:
    """The value after `times` updates of the parameters."""

    of: Quantity
    times: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """What an update adds: the value after minus the value before."""

    of: Quantity


@dataclass(frozen=True, slots=True)
class Memory:
    """What an update rule keeps of a parameter, or works out for it on the way: Adam's m_w5 and mhat_w5."""

    of: Quantity
    name: str


@dataclass(frozen=True, slots=True)
class Example:
    """The quantity for one training example, counted from 1."""

    of: Quantity
    number: int


Quantity: TypeAlias = Name | Element | Derivative | Updated | Change | Memory | Example


def spell(quantity: Quantity) -> str:
    """The canonical spelling of a quantity (problem-files, section 3).

    >>> spell(Derivative(Name("E"), Element(Name("W1"), (2, 1))))
    'dE/dW1[2,1]'
    >>> spell(Updated(Name("w5"))), spell(Updated(Derivative(Name("E"), Name("w1")), 3))
    ("w5'", '(dE/dw1)@3')
    >>> spell(Derivative(Derivative(Name("E"), Name("w1")), Name("w2")))
    'd(dE/dw1)/dw2'
    >>> spell(Derivative(Name("E"), Name("w1*x1")))
    'dE/d(w1*x1)'
    >>> spell(Updated(Memory(Element(Name("W1"), (2, 1)), "m")))
    "m_W1[2,1]'"
    """
    match quantity:
        case Name(text):
            return text
        case Element(of, index):
            return f"{_tight(of)}[{','.join(map(str, index))}]"
        case Derivative(of, by, direct):
            return f"d{_part(of)}/d{_part(by)}" + (" (direct)" if direct else "")
        case Updated(of, times) if times < 0:
            return f"{_tight(of)}(n-{-times})"  # as in the lectures: the change of the update before
        case Updated(of, 1) if not isinstance(of, Derivative):
            return f"{_tight(of)}'"
        case Updated(of, times):
            return f"{_tight(of)}@{times}"
        case Change(of):
            return f"Δ{_tight(of)}"
        case Memory(of, name):
            return f"{name}_{_tight(of)}"
        case Example(of, number):
            return f"{_tight(of)}{{{number}}}"


def _part(quantity: Quantity) -> str:
    """A numerator or denominator: bare where `dA/dB` can be read without brackets."""
    root = quantity
    while isinstance(root, Element | Example):
        root = root.of
    bare = isinstance(root, Name) and root.text.isidentifier()
    return spell(quantity) if bare else f"({spell(quantity)})"


def _tight(quantity: Quantity) -> str:
    text = spell(quantity)
    is_expression = isinstance(quantity, Name) and not text.isidentifier()
    return f"({text})" if is_expression or isinstance(quantity, Derivative) else text
