"""How far the figures of correct solutions of one exercise lie apart: two hundred of them, worked at once.

NumPy's floats do, because the envelope is widened by a whole unit in the last place before anything is judged by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.exam.exercise import Exercise
from tests.exam.numbers import FLOATS
from tests.exam.styles import ROUNDINGS
from tests.exam.trees import Use, work_out

SOLUTIONS = 200


def envelopes(exercise: Exercise, seed: int) -> dict[str, tuple[float, float]]:
    """The lowest and the highest figure of every step over all styles of rounding, lines skipped at random.

    A solution that meets what has no value, or gets across a kink, tells nothing from there on.
    """
    rng = np.random.default_rng(seed)
    digits = rng.integers(2, 10, SOLUTIONS)
    significant = rng.random(SOLUTIONS) < 0.4
    rounding = rng.integers(0, len(ROUNDINGS), SOLUTIONS)
    each_line = rng.random(SOLUTIONS) < 0.5
    skips = rng.choice([0.0, 0.1, 0.3], SOLUTIONS)
    values: dict[str, Any] = {name: np.full(SOLUTIONS, float(text)) for name, text in exercise.numbers.items()}
    found: dict[str, tuple[float, float]] = {}
    with np.errstate(all="ignore"):
        for step in exercise.steps:
            exact = work_out(step.formula, lambda part: values[part.name] if isinstance(part, Use) else None, FLOATS)
            exact = np.broadcast_to(exact, SOLUTIONS)
            figures = rounded(exact, digits, significant, rounding)
            kept = each_line & (rng.random(SOLUTIONS) >= skips)
            values[step.label] = np.where(kept, figures, exact)
            sound = figures[np.isfinite(figures)]
            found[step.label] = (float(sound.min()), float(sound.max())) if sound.size else (-np.inf, np.inf)
    return found


def rounded(values: Any, digits: Any, significant: Any, rounding: Any) -> Any:
    """The figures that `Style.figure` prints, for arrays of values and styles."""
    size = np.floor(np.log10(np.where(values == 0, 1.0, np.abs(values))))
    places = np.where(significant | (size < 1 - digits), np.maximum(1, digits - 1 - size), digits)
    scaled = values * 10.0**places
    up = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    return np.choose(rounding, [up, np.round(scaled), np.trunc(scaled)]) / 10.0**places
