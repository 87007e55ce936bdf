"""Hints at a slip: what kind it is and where to look, never the right value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SLIPS: Final = {
    "decimal point": "The digits may be right: look at where the decimal point stands.",
    "digits transposed": "Compare the digits one by one with those of your calculation.",
    "digit copied wrong": "Compare the digits one by one with those you copied.",
    "copied from another line": "This looks like the figure of another line.",
    "other quantity put in": "A number was put in for another quantity than the formula has there.",
    "old for new weight": "Does the weight before or after the update belong here?",
    "new for old weight": "Does the weight before or after the update belong here?",
    "net input for output": "Look whether the net input or the output of the unit belongs here.",
    "sign": "Look at the signs.",
    "factor missing": "A factor may be missing.",
    "factor twice": "A factor may stand twice.",
    "term missing": "A term of the sum may be missing.",
    "term twice": "A term of the sum may stand twice.",
    "derivative of activation missing": "Look at the derivative of the activation function.",
    "derivative of activation twice": "Look at the derivative of the activation function.",
    "square or half forgotten": "Look at squares and halves.",
    "wrong target": "Look at which target belongs to which output.",
    "subtraction reversed": "Look at the order of a subtraction.",
    "rounded too early": "A number was rounded before it was put in; keep more digits.",
    "wrong function": "Look at the function that is applied.",
    "path left out": "The quantity may act along more than one path; look whether every path is counted.",
    "arithmetic": "The formula and the numbers may be right: do the arithmetic once more.",
    "other convention": "The convention may be another one than that of the problem.",
}
_KINDS: Final = {
    "formula": "Work the formula out again from the definition.",
    "substitution": "Compare each number with the quantity that it stands for.",
    "figure": "Work it out again from what stands before it.",
}


def hint_for(kind: str, slip: str, parts: Sequence[str]) -> str:
    """The hint at a wrong link: by the likeliest slip, else by its kind; `parts` of it are where to look.

    >>> hint_for("substitution", "", ["0.8"])
    'Compare each number with the quantity that it stands for. Look at 0.8.'
    """
    where = f" Look at {' and at '.join(parts)}." if parts else ""
    return _SLIPS.get(slip, _KINDS[kind]) + where
