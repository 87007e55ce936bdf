"""Checking the gradient of a graph: along random directions first, then op by op and element by element.

Values are balls of 256 bits and the step is 2^-70, so that the differences are right to twenty digits and nothing is
blamed on rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import GradientError
from chainrule.evaluate import evaluate
from chainrule.gradchecking.report import Fault, GradientReport, Kink, relative_error
from chainrule.node import CONST, NAME, Node, is_quantity, label_of, node, order
from chainrule.numbers.exact import exact_numbers
from chainrule.ops.choices import STOP_GRADIENT
from chainrule.quantity import Quantity, spell
from chainrule.transforms.gradients import along, fresh_input, gradient, plain_input

BITS = 256
STEP = Fraction(1, 2**70)
TOLERANCE = 1e-9
JUMP = 1e12  # a slope this steep is a step of the derivative, not a slope

Values = dict[Quantity, Any]


@dataclass(slots=True)
class Slopes:
    """The numerical derivative of one number along one direction."""

    left: float
    right: float
    central: float

    @property
    def steep(self) -> bool:
        """Whether this is a jump rather than a slope."""
        return max(abs(self.left), abs(self.right)) > JUMP

    @property
    def smooth(self) -> bool:
        return not self.steep and relative_error(self.left, self.right) <= TOLERANCE

    def accept(self, found: float) -> bool:
        low, high = min(self.left, self.right), max(self.left, self.right)
        slack = TOLERANCE * max(abs(low), abs(high), 1.0)
        return low - slack <= found <= high + slack


def check_graph(
    root: Node, by: Sequence[Node], values: Mapping[Quantity, Any], *, depth: int, directions: int, seed: int
) -> GradientReport:
    """Check the derivatives of `root` by inputs, at values that are nested lists of exact numbers."""
    point = _Point.at(root, values)
    random = Random(seed)
    worst = step_error = 0.0
    bends: list[tuple[Slopes, float]] = []
    for _ in range(directions):
        for slopes, found in point.directional(root, by, random, depth):
            step_error = max(step_error, relative_error(slopes.left, slopes.right) / 2**70 if slopes.smooth else 0.0)
            if not slopes.smooth:
                bends.append((slopes, found))
            worst = max(worst, relative_error(found, slopes.central))
    if not bends and worst <= TOLERANCE:
        return GradientReport(True, "all directional derivatives agree.", worst, step_error, depth, directions)
    faults, kinks = point.localise(root, depth)
    if all(slopes.steep or slopes.accept(found) for slopes, found in bends):
        kinks += [
            Kink(edge, slopes.left, slopes.right, found) for edge in point.edges(root) for slopes, found in bends[:1]
        ]
    if faults:
        named = max(faults, key=lambda fault: fault.magnitude)
        reason = f"the rule of {named.op} is wrong by {100 * named.magnitude:.3g} %."
        return GradientReport(
            False, reason, max(f.magnitude for f in faults), step_error, depth, directions, tuple(faults), tuple(kinks)
        )
    if kinks:
        reason = f"no op is wrong; the point lies on {len(kinks)} kink{'s' if len(kinks) > 1 else ''}."
        return GradientReport(True, reason, 0.0, step_error, depth, directions, (), tuple(kinks))
    reason = "each op is right by itself, yet the directional derivatives differ: terms are lost or counted twice."
    return GradientReport(False, reason, worst, step_error, depth, directions, tuple(point.elements(root, by)))


@dataclass(slots=True)
class _Point:
    """Where a graph is checked: the exact values of its inputs, and of what stop_gradient holds fixed."""

    values: Values
    held: dict[Node, Any]
    numbers: Any

    @classmethod
    def at(cls, root: Node, values: Mapping[Quantity, Any]) -> _Point:
        numbers = exact_numbers(BITS)
        with numbers.s.context():
            exact = {label: numbers.of_nested(_exact(value, numbers.s.of)) for label, value in values.items()}
        stopped = [n for n in order([root]) if n.op.name == STOP_GRADIENT.name]
        held = dict(zip(stopped, evaluate(stopped, exact, numbers=numbers), strict=True))
        point = cls(exact, held, numbers)
        (value,) = point.evaluate([root])
        if not all(item.is_finite() for item in _items(value)):
            raise GradientError("the value is not a finite number at this point, so it has no derivative there.")
        return point

    def evaluate(self, nodes: Sequence[Node], moved: Values | None = None) -> list[Any]:
        return evaluate(nodes, moved or self.values, numbers=self.numbers, known=self.held)

    def slopes(self, root: Node, directions: Mapping[Quantity, Any]) -> Slopes:
        """Differences of a single number along directions of some inputs."""
        ahead, behind = (self.moved(directions, sign * STEP) for sign in (1, -1))
        (here,), (after,), (before,) = (self.evaluate([root], v) for v in (None, ahead, behind))
        with self.numbers.s.context():
            h = self.numbers.s.of(STEP)
            found = [(here - before) / h, (after - here) / h, (after - before) / (2 * h)]
        return Slopes(*map(float, found))

    def moved(self, directions: Mapping[Quantity, Any], step: Fraction) -> Values:
        s = self.numbers.s
        with s.context():
            h = s.of(step)
            new = {
                label: self.numbers.elementwise(
                    lambda x, v: x + v * h, self.numbers.shape(self.values[label]), self.values[label], direction
                )
                for label, direction in directions.items()
            }
        return {**self.values, **new}

    def random_directions(self, by: Sequence[Node], random: Random) -> Values:
        s = self.numbers.s
        with s.context():
            return {
                label_of(x): _like(self.values[label_of(x)], lambda: s.of(Fraction(random.randint(-999, 999), 512)))
                for x in by
            }

    def directional(self, root: Node, by: Sequence[Node], random: Random, depth: int) -> list[tuple[Slopes, float]]:
        """Along one random direction: slopes of the value, at order 2 also of the gradient, with what was found."""
        v = self.random_directions(by, random)
        moves = [plain_input(x) for x in by]
        first = along(gradient(root, by), moves)
        given = {**self.values, **{label_of(m): v[label_of(x)] for m, x in zip(moves, by, strict=True)}}
        (found,) = self.evaluate([first], given)
        results = [(self.slopes(root, v), float(found))]
        if depth > 1:
            again = along(gradient(first, by), moves)
            other = _Point(given, self.held, self.numbers)
            (second,) = self.evaluate([again], given)
            results.append((other.slopes(first, v), float(second)))
        return results

    def localise(self, root: Node, depth: int) -> tuple[list[Fault], list[Kink]]:
        """Every op of the graph by itself, at the values it has there."""
        faults: list[Fault] = []
        kinks: list[Kink] = []
        nodes = [n for n in order([root]) if n.args and n.op is not NAME and n not in self.held]
        owners = _owners(root)
        wanted = list(dict.fromkeys(a for n in nodes for a in n.args))
        table = dict(zip(wanted, self.evaluate(wanted), strict=True))
        done: set[Any] = set()
        for current in nodes:
            found = self.check_op(current, [table[a] for a in current.args], depth, owners.get(current, ""))
            for item in found:
                if isinstance(item, Fault):
                    faults.append(item)
                elif str(item) not in done:
                    done.add(str(item))
                    kinks.append(item)
        return faults, kinks

    def edges(self, root: Node) -> list[str]:
        """Comparisons whose two sides are equal here, so that the next point may take the other branch."""
        found = []
        for current in order([root]):
            if current.type.kind == "boolean" and len(current.args) == 2:
                sides = self.evaluate(current.args)
                with self.numbers.s.context():
                    shape = current.type.shape
                    equal = self.numbers.elementwise(lambda x, y: x.overlaps(y), shape, *sides)
                if any(_items(equal)):
                    found.append(f"the comparison {current.op.glyph} of two equal sides")
        return list(dict.fromkeys(found))

    def check_op(self, current: Node, args: Sequence[Any], depth: int, inside: str) -> list[Fault | Kink]:
        """The rule of one op: derivatives of the weighted sum of its elements by each element of each argument."""
        inputs = [a if a.op is CONST else plain_input(a) for a in current.args]
        alone = node(current.op, tuple(inputs), current.attribute)
        real = [k for k, x in enumerate(inputs) if x.type.kind == "real" and x.op is not CONST]
        if current.type.kind != "real" or not real:
            return []
        weights = fresh_input(current.type.shape)
        random = Random(current.op.name)

        def weight() -> Any:
            # Elements that do not mix need no weights, and slopes are then those of the op itself.
            return self.numbers.s.of(1) if current.op.elementwise else mixed()

        def mixed() -> Any:
            return self.numbers.s.of(Fraction(random.randint(300, 999), 512))

        values: Values = {label_of(x): v for x, v in zip(inputs, args, strict=True) if x.op is not CONST}
        point = _Point(values, {}, self.numbers)
        with self.numbers.s.context():
            (here,) = point.evaluate([alone])
            values[label_of(weights)] = _like(here, weight)
        root = along([alone], [weights])
        by = [inputs[k] for k in real]
        first = gradient(root, by)
        arguments: list[int | str] = [k + 1 for k in real]
        results = point.compare(root, by, first, arguments, current.op.name, inside, 1)
        if depth > 1 and not any(isinstance(r, Fault) for r in results):
            directions = [fresh_input(x.type.shape) for x in by]
            with self.numbers.s.context():
                for x, d in zip(by, directions, strict=True):
                    values[label_of(d)] = _like(values[label_of(x)], mixed)
            total = along(first, directions)
            # The rule is linear in the upstream gradient, and that is part of what a second derivative uses.
            varied, called = [*by, weights], [*arguments, "the upstream gradient"]
            results += point.compare(total, varied, gradient(total, varied), called, current.op.name, inside, 2)
        return results

    def compare(
        self, root: Node, by: Sequence[Node], first: Sequence[Node], arguments: Sequence[int | str],
        op: str | None, inside: str, depth: int,
    ) -> list[Fault | Kink]:  # fmt: skip
        """Each element's derivative beside its slopes."""
        results: list[Fault | Kink] = []
        for x, argument, values in zip(by, arguments, self.evaluate(first), strict=True):
            label = label_of(x)
            shape = self.numbers.shape(self.values[label])
            for at, value, here in zip(
                product(*map(range, shape)), _items(values), _items(self.values[label]), strict=True
            ):
                found = float(value)
                slopes = self.slopes(root, {label: self.unit(label, at)})
                element = tuple([i + 1 for i in at])
                if not slopes.smooth and (slopes.steep or slopes.accept(found)):
                    where = f"{op or argument}({float(here):.6g})"
                    results.append(Kink(where, slopes.left, slopes.right, found, depth))
                elif relative_error(found, slopes.central) > TOLERANCE:
                    results.append(Fault(op, argument, element, slopes.central, found, depth, inside))
        return results

    def elements(self, root: Node, by: Sequence[Node]) -> list[Fault]:
        """The derivatives of the whole, element by element."""
        names = [spell(label_of(x)) for x in by]
        found = self.compare(root, by, gradient(root, by), names, None, "", 1)
        return [item for item in found if isinstance(item, Fault)]

    def unit(self, label: Quantity, at: tuple[int, ...]) -> Any:
        s = self.numbers.s
        value = self.values[label]
        shape = self.numbers.shape(value)
        places = iter(product(*map(range, shape)))
        with s.context():
            return _like(value, lambda: s.of(int(next(places) == at)))


def _items(value: Any) -> list[Any]:
    return list(getattr(value, "items", [value]))


def _like(value: Any, make: Callable[[], Any]) -> Any:
    """An array of the shape of another, its elements made one by one."""
    if not hasattr(value, "items"):
        return make()
    return type(value)(value.shape, [make() for _ in value.items])


def _exact(value: Any, of: Callable[[Fraction], Any]) -> Any:
    if isinstance(value, list | tuple):
        return [_exact(part, of) for part in value]
    if hasattr(value, "tolist"):
        return _exact(value.tolist(), of)
    try:
        return of(Fraction(str(value)))
    except ValueError as error:
        raise GradientError(f"found {value!r:.40} where a finite number was expected.") from error


def _owners(root: Node) -> dict[Node, str]:
    """The quantity in whose definition each anonymous node stands first."""
    owners: dict[Node, str] = {}
    for quantity in order([root]):
        if quantity.op is NAME:
            for part in order(quantity.args, cut=is_quantity):
                owners.setdefault(part, spell(label_of(quantity)))
    return owners
