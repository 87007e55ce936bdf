"""What a gradient check found: whether, where and by how much, in words for a person."""

from __future__ import annotations

from chainrule.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One derivative that is wrong: of which op, by which of its arguments, at which element (both from 1)."""

    op: str | None  # None: not inside one op, but in the gradient as a whole
    argument: int | str
    element: tuple[int, ...]
    expected: float
    found: float
    order: int = 1
    inside: str = ""  # the quantity in whose definition the op stands

    @property
    def magnitude(self) -> float:
        return relative_error(self.found, self.expected)

    def __str__(self) -> str:
        place = f" in {self.inside}" if self.inside else ""
        by = f"by its argument {self.argument}" if isinstance(self.argument, int) else f"by {self.argument}"
        whose = f"the rule of {self.op}{place}, {by}" if self.op else by
        element = f"[{','.join(map(str, self.element))}]" if self.element else ""
        what = "derivative" if self.order == 1 else "second derivative"
        off = f"off by {100 * self.magnitude:.3g} %"
        return f"{whose}{element}: the {what} should be {self.expected:.9g}, found {self.found:.9g} ({off})"


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where left and right slope differ, and what was found there is acceptable."""

    where: str
    left: float
    right: float
    found: float
    order: int = 1

    def __str__(self) -> str:
        if self.order > 1:
            return f"kink at {self.where}: its derivative has no slope there, which is taken to be {self.found:.6g}"
        return (
            f"kink at {self.where}: left slope {self.left:.6g}, right slope {self.right:.6g}, "
            f"any value between is acceptable; found {self.found:.6g}"
        )


@dataclass(frozen=True, slots=True)
class GradientReport:
    """The result of `gradcheck`; it counts as true if all is well, and prints as a few lines.

    `magnitude` is the largest relative error met, `worst` the largest fault, `faults` all of them, `kinks` the points
    where the slope jumps and the value found is acceptable, `step_error` an estimate of the error of the differences.
    """

    ok: bool
    reason: str
    magnitude: float
    step_error: float
    order: int
    directions: int
    faults: tuple[Fault, ...] = ()
    kinks: tuple[Kink, ...] = ()

    @property
    def worst(self) -> Fault | None:
        return max(self.faults, key=lambda fault: fault.magnitude, default=None)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        lines = [f"{'right' if self.ok else 'wrong'}: {self.reason}"]
        lines += [f"  {fault}" for fault in sorted(self.faults, key=lambda f: -f.magnitude)[:5]]
        lines += [f"  {kink}" for kink in self.kinks[:5]]
        lines.append(
            f"  largest relative error {self.magnitude:.2g}, of which the step explains up to {self.step_error:.1g}"
            f" ({self.directions} directions, order {self.order})"
        )
        return "\n".join(lines)


NEGLIGIBLE = 1e-12  # derivatives below this are not told from zero


def relative_error(found: float, expected: float) -> float:
    """The difference over the larger of the two; infinite if one is not a number."""
    if found != found or expected != expected:
        return float("inf")
    if found == expected:
        return 0.0
    return abs(found - expected) / max(abs(found), abs(expected), NEGLIGIBLE)
