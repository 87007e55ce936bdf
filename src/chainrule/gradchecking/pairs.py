"""Checking one's own gradient function: central differences in floats, at two steps, which tells their error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import GradientError
from chainrule.gradchecking.report import Fault, GradientReport, Kink, relative_error

STEP = 1e-3  # with a second step of half of it, Richardson's extrapolation leaves an error of step^4
TOLERANCE = 1e-6
SECOND_TOLERANCE = 1e-3
SMALL = 1e-7  # the step for left and right slopes
BEND = 1e-3  # slopes that differ by more lie at a kink


def check_pair(
    f: Callable[..., Any], gradient: Callable[..., Any], point: Sequence[Any], *, depth: int, directions: int, seed: int
) -> GradientReport:
    """Check that gradient(*point) is the gradient of f at the point."""
    pair = _Pair.of(f, gradient, point)
    random = Random(seed)
    worst = step_error = 0.0
    wrong = False
    for _ in range(directions):
        v = pair.np.array([random.gauss(0, 1) for _ in pair.start])
        expected, error = pair.slope(pair.value, v)
        found = float(pair.gradient_at(pair.start) @ v)
        worst, step_error = max(worst, relative_error(found, expected)), max(step_error, _relative(error, expected))
        wrong = wrong or not abs(found - expected) <= _allowed(found, expected, error, TOLERANCE)
        if depth > 1 and not wrong:
            w = pair.np.array([random.gauss(0, 1) for _ in pair.start])
            one, error = pair.slope(pair.gradient_along(v), w)
            two, _ = pair.slope(pair.gradient_along(w), v)
            wrong = not abs(one - two) <= _allowed(one, two, error, SECOND_TOLERANCE)
            worst = max(worst, relative_error(one, two)) if wrong else worst
    if not wrong:
        return GradientReport(True, "all directional derivatives agree.", worst, step_error, depth, directions)
    faults, kinks = pair.elements()
    if faults:
        reason = f"{len(faults)} of {len(pair.start)} elements of the gradient differ."
        return GradientReport(
            False, reason, max(f.magnitude for f in faults), step_error, depth, directions, tuple(faults), tuple(kinks)
        )
    if kinks:
        reason = f"nothing is wrong; the point lies on {len(kinks)} kink{'s' if len(kinks) > 1 else ''}."
        return GradientReport(True, reason, 0.0, step_error, depth, directions, (), tuple(kinks))
    reason = "the derivative of the gradient is not symmetric, so near the point it is the gradient of no function."
    return GradientReport(False, reason, worst, step_error, depth, directions)


def _allowed(found: float, expected: float, error: float, tolerance: float) -> float:
    return tolerance * max(abs(found), abs(expected), 1e-3) + 10 * error


def _relative(error: float, expected: float) -> float:
    return error / max(abs(expected), 1e-12)


@dataclass(slots=True)
class _Pair:
    """A function and its gradient, of all arguments as one flat array."""

    np: Any
    start: Any
    value: Callable[[Any], float]
    gradient_at: Callable[[Any], Any]
    names: list[tuple[int, tuple[int, ...]]]  # argument and element, from 1, of every position

    @classmethod
    def of(cls, f: Callable[..., Any], gradient: Callable[..., Any], point: Sequence[Any]) -> _Pair:
        import numpy as np

        arrays = [np.asarray(part, float) for part in point]
        first = gradient(*point)
        several = isinstance(first, tuple) and len(first) == len(arrays)
        chosen = arrays if several else arrays[:1]
        start = np.concatenate([a.ravel() for a in chosen]) if chosen else np.zeros(0)

        def parts(x: Any) -> list[Any]:
            cuts = np.cumsum([a.size for a in chosen])[:-1]
            shaped = [p.reshape(a.shape) for p, a in zip(np.split(x, cuts), chosen, strict=True)]
            moved = [*shaped, *arrays[len(chosen) :]]
            return [_like(p, given) for p, given in zip(moved, point, strict=True)]

        def gradient_at(x: Any) -> Any:
            result = gradient(*parts(x))
            found = [np.asarray(p, float) for p in (result if several else (result,))]
            for p, a in zip(found, chosen, strict=True):
                if p.shape != a.shape:
                    raise GradientError(f"the gradient has the shape {p.shape}, the argument {a.shape}.")
            return np.concatenate([p.ravel() for p in found])

        def value(x: Any) -> float:
            result = np.asarray(f(*parts(x)), float)
            if result.size != 1:
                raise GradientError(f"the function has a result of shape {result.shape}, expected a single number.")
            return float(result.reshape(()))

        names = [(k + 1, tuple([i + 1 for i in at])) for k, a in enumerate(chosen) for at in np.ndindex(a.shape)]
        return cls(np, start, value, gradient_at, names)

    def gradient_along(self, v: Any) -> Callable[[Any], float]:
        return lambda x: float(self.gradient_at(x) @ v)

    def slope(self, function: Callable[[Any], float], v: Any) -> tuple[float, float]:
        """The derivative along v, and an estimate of its error."""
        h = STEP * max(1.0, float(abs(self.start).max(initial=0.0))) / max(1.0, float(abs(v).max(initial=0.0)))

        def central(step: float) -> float:
            return (function(self.start + step * v) - function(self.start - step * v)) / (2 * step)

        wide, narrow = central(h), central(h / 2)
        rounding = 1e-15 * abs(function(self.start)) / h
        return (4 * narrow - wide) / 3, (narrow - wide) ** 2 / max(abs(narrow), 1e-12) + rounding

    def elements(self) -> tuple[list[Fault], list[Kink]]:
        """Every element by itself, with left and right slopes where it fails."""
        faults: list[Fault] = []
        kinks: list[Kink] = []
        gradient = self.gradient_at(self.start)
        for k, (argument, element) in enumerate(self.names):
            v = self.np.zeros(len(self.start))
            v[k] = 1.0
            found = float(gradient[k])
            expected, error = self.slope(self.value, v)
            if abs(found - expected) <= _allowed(found, expected, error, TOLERANCE) and error < 1e-6:
                continue
            left, right = self.sides(v)
            scale = max(abs(left), abs(right), 1e-6)
            low, high = min(left, right) - BEND * scale, max(left, right) + BEND * scale
            if abs(left - right) > BEND * scale and low <= found <= high:
                where = f"argument {argument}{list(element) or ''} = {self.start[k]:.6g}"
                kinks.append(Kink(where, left, right, found))
            elif not abs(found - expected) <= _allowed(found, expected, error, TOLERANCE):
                faults.append(Fault(None, f"argument {argument}", element, expected, found))
        return faults, kinks

    def sides(self, v: Any) -> tuple[float, float]:
        h = SMALL * max(1.0, float(abs(self.start).max()))
        here, after, before = (self.value(self.start + sign * h * v) for sign in (0, 1, -1))
        return (here - before) / h, (after - here) / h


def _like(moved: Any, given: Any) -> Any:
    """A moved argument in the form in which it was given."""
    if isinstance(given, list):
        return moved.tolist()
    return float(moved) if not getattr(given, "shape", ()) else moved
