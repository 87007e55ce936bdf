"""The program of a forward and a backward pass, as lecture 002 writes it: one assignment a line.

It is for reading - every local derivative stands beside the line that uses it - and it is valid Python: running it
gives the numbers of the other views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from chainrule.errors import GradientError, GraphError
from chainrule.graph import Contribution, Graph
from chainrule.node import INPUT, NAME, Node, arguments_of, body_of, is_quantity, label_of, order
from chainrule.ops.arithmetic import ADD, DIV, MUL, SUB
from chainrule.printing.expression import product, sum_of
from chainrule.printing.figures import decimal_text
from chainrule.printing.python_code import identifier, identifiers, preamble, python_expression, reserved_names
from chainrule.quantity import Derivative, Quantity, spell
from chainrule.transforms.reverse import ONE

WIDTH = 79
_LONGEST_LINE = 99  # where the comment moves to a line of its own
_LONGEST_CHAIN = 100  # operations of one kind in one line; Python cannot read many thousands
_CHAINS = ((ADD, SUB), (MUL, DIV))


def code(
    forward: Sequence[Node],
    *,
    inputs: Mapping[Quantity, Fraction | float],
    backward: Graph | None = None,
    shown: Sequence[Quantity] | None = None,
    updates: Sequence[Node] = (),
    rename: Callable[[Quantity], Quantity] | None = None,
    other_route: Callable[[Quantity, Quantity], bool] | None = None,
) -> str:
    """The program that computes these definitions, and their derivatives from the ledger of `backward`.

    `forward` and `updates` are definitions in the order of reading; `shown` the derivatives to print (all without it).
    Whatever they need stands before them. An input without a value is listed in a comment. `rename` may give a quantity
    the name of another (a delta); `other_route(a, b)` says whether the factor from b to a is only direct.
    Raises `ShapeError` for arrays, `GradientError` for a derivative that `backward` does not have.

    >>> from chainrule.node import input_node, name_node
    >>> from chainrule.quantity import Name
    >>> from chainrule.transforms.reverse import reverse
    >>> x, y = input_node(Name("x")), input_node(Name("y"))
    >>> v = name_node(Name("v"), x * y)
    >>> f = name_node(Name("f"), v * 3)
    >>> backward = reverse(Graph({Name("f"): f}), Name("f"), [Name("x")])
    >>> print(code([v, f], inputs={Name("x"): Fraction(3), Name("y"): 0.5}, backward=backward), end="")
    # Set input
    x = 3; y = 0.5
    # Forward pass
    v = x * y
    f = 3 * v
    # Backward pass
    dfdv = 3
    dfdx = y * dfdv  # dvdx = y
    """
    entries = _by_derivative(backward)
    derivatives = _in_order_of_reverse(_derivatives(backward, shown), backward, entries)
    sequence = _Sequence(entries)
    passes = [sequence.needed(roots) for roots in (forward, derivatives, updates)]
    printed = sequence.printed()
    names = _names([*inputs, *map(label_of, sequence.seen)], rename, reserved_names(printed))
    writer = _Writer(names, entries, other_route)
    missing = [names[label_of(n)] for n in sequence.seen if n.op is INPUT and label_of(n) not in inputs]
    sections = [
        ("# Set input", [*_set_inputs(inputs, names), *_wrapped("# without a value: ", missing, ", ")]),
        ("# Forward pass", writer.lines(passes[0])),
        ("# Backward pass", writer.lines(passes[1])),
        ("# Update", writer.lines(passes[2])),
    ]
    lines = [line for title, own in sections if own for line in (title, *own)]
    return _with_preamble(preamble(printed), lines)


class _Sequence:
    """Definitions in an order in which they can be computed: each after all that its line mentions."""

    def __init__(self, entries: Mapping[Quantity, Sequence[Contribution]]) -> None:
        self.entries = entries
        self.seen: dict[Node, None] = {}

    def needed(self, roots: Iterable[Node]) -> list[Node]:
        """The definitions among the roots and below them that were not there yet."""
        found: list[Node] = []
        for root in roots:
            stack: list[tuple[Node, Iterator[Node]]] = self.opened(root)
            while stack:
                current, pending = stack[-1]
                following = next(pending, None)
                if following is not None:
                    stack += self.opened(following)
                    continue
                stack.pop()
                if current.op is NAME:
                    found.append(current)
        return found

    def opened(self, quantity: Node) -> list[tuple[Node, Iterator[Node]]]:
        if quantity in self.seen:
            return []
        self.seen[quantity] = None
        return [(quantity, iter(self.uses(quantity)))]

    def uses(self, quantity: Node) -> list[Node]:
        """The quantities that the line of a definition mentions."""
        if label_of(quantity) in self.entries:
            return [n for n in order(self.expressions(quantity), cut=is_quantity) if is_quantity(n)]
        return arguments_of(quantity)

    def expressions(self, quantity: Node) -> list[Node]:
        """What the line of a definition is made of."""
        entries = self.entries.get(label_of(quantity))
        if entries is None:
            return [body_of(quantity)]
        return [n for entry in entries for n in (_local(entry), entry.upstream)]

    def printed(self) -> list[Node]:
        """Every node of every line."""
        roots = [n for quantity in self.seen for n in (quantity, *self.expressions(quantity))]
        return order(roots, cut=lambda n: n in self.seen)


class _Writer:
    """The lines of definitions and derivatives in these variables."""

    def __init__(
        self,
        names: Mapping[Quantity, str],
        entries: Mapping[Quantity, Sequence[Contribution]],
        other_route: Callable[[Quantity, Quantity], bool] | None,
    ) -> None:
        self.names = names
        self.entries = entries
        self.other_route = other_route

    def lines(self, definitions: Iterable[Node]) -> list[str]:
        return [line for n in definitions for line in self.definition(n)]

    def definition(self, quantity: Node) -> Iterator[str]:
        label = label_of(quantity)
        entries = self.entries.get(label)
        if entries is not None:
            yield from self.derivative(self.names[label], entries)
            return
        name, body, put_in = self.names[label], body_of(quantity), None
        for part in _chain(body):
            yield f"{name} = {python_expression(part, self.names, substitute=put_in)}"
            put_in = {part: name}.get

    def derivative(self, name: str, entries: Sequence[Contribution]) -> Iterator[str]:
        """Local derivative times upstream gradient, added up, with the local derivatives as a comment."""
        terms: list[str] = []
        remarks: list[str] = []
        for entry in entries:
            local = python_expression(_local(entry), self.names)
            if entry.upstream is ONE:  # the derivative of the quantity itself
                terms.append(product([local], leading=not terms))
                continue
            upstream = python_expression(entry.upstream, self.names)
            terms.append(product([local, upstream], leading=not terms))
            remarks.append(f"{self.factor(entry)} = {local}")
        lines = [f"{name} = {sum_of(terms[:_LONGEST_CHAIN])}"]
        for start in range(_LONGEST_CHAIN, len(terms), _LONGEST_CHAIN):
            lines.append(f"{name} = {sum_of([name, *terms[start : start + _LONGEST_CHAIN]])}")
        comment = f"# {', '.join(remarks)}" if remarks else ""
        if comment and len(lines) == 1 and len(lines[0]) + 2 + len(comment) <= _LONGEST_LINE:
            yield f"{lines[0]}  {comment}"
            return
        yield from _wrapped("# ", remarks, ", ", again="# ")
        yield from lines

    def factor(self, entry: Contribution) -> str:
        by = _by(entry)
        direct = self.other_route is not None and self.other_route(entry.through, by)
        return identifier(Derivative(entry.through, by)) + (" (direct)" if direct else "")


def _local(entry: Contribution) -> Node:
    return entry.value if entry.local is None else entry.local  # without a local there is an array, refused by name


def _by(entry: Contribution) -> Quantity:
    assert isinstance(entry.of, Derivative)
    return entry.of.by


def _by_derivative(backward: Graph | None) -> dict[Quantity, list[Contribution]]:
    found: dict[Quantity, list[Contribution]] = {}
    for entry in backward.ledger if backward is not None else ():
        found.setdefault(entry.of, []).append(entry)
    return found


def _derivatives(backward: Graph | None, shown: Sequence[Quantity] | None) -> list[Node]:
    outputs = backward.outputs if backward is not None else {}
    if shown is None:
        return [n for label, n in outputs.items() if isinstance(label, Derivative) and is_quantity(n)]
    for label in shown:
        if label not in outputs:
            raise GradientError(f"found {spell(label)}, which the backward pass did not compute.")
    return [outputs[label] for label in shown]


def _in_order_of_reverse(
    shown: Sequence[Node], backward: Graph | None, entries: Mapping[Quantity, Sequence[Contribution]]
) -> list[Node]:
    """The derivatives and those they are made of, each as soon as its last contribution is known."""
    needed = set(_Sequence(entries).needed(shown))
    outputs = backward.outputs.items() if backward is not None else ()
    return [n for label, n in outputs if isinstance(label, Derivative) and n in needed]


def _names(
    labels: Iterable[Quantity], rename: Callable[[Quantity], Quantity] | None, reserved: Iterable[str]
) -> dict[Quantity, str]:
    called = {label: rename(label) if rename is not None else label for label in labels}
    if len(set(called.values())) != len(called):
        raise GraphError("two quantities of this program were given the same name.")
    variables = identifiers(called.values(), reserved=frozenset(reserved))
    return {label: variables[other] for label, other in called.items()}


def _chain(body: Node) -> list[Node]:
    """A long sum or product cut into parts, each the beginning of the next; the last is all of it."""
    parts, current = [body], body
    kind = next((ops for ops in _CHAINS if body.op in ops), ())
    length = 0
    while current.op in kind:
        current, length = current.args[0], length + 1
        if length % _LONGEST_CHAIN == 0 and current.op in kind:
            parts.append(current)
    return parts[::-1]


def _set_inputs(inputs: Mapping[Quantity, Fraction | float], names: Mapping[Quantity, str]) -> list[str]:
    return _wrapped("", [f"{names[label]} = {_number(value)}" for label, value in inputs.items()], "; ")


def _number(value: Fraction | float) -> str:
    """A given number: as it was given where that is a decimal, else as short as it can be told exactly."""
    if isinstance(value, float):
        return repr(value)
    text = decimal_text(Fraction(value))
    if text is not None:
        return text
    nearest = value.numerator / value.denominator
    return repr(nearest) if Fraction(nearest) == value else f"{value.numerator} / {value.denominator}"


def _wrapped(start: str, items: Sequence[str], joint: str, *, again: str | None = None) -> list[str]:
    """Items in lines of at most 79 columns where they fit; nothing if there are none."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(joint) + len(item) <= WIDTH:
            lines[-1] += joint + item
        else:
            lines.append((start if not lines or again is None else again) + item)
    return lines


def _with_preamble(parts: Sequence[str], lines: Sequence[str]) -> str:
    """Imports and functions first, two empty lines after each, as PEP 8 has it."""
    return "".join(f"{part}\n\n\n" for part in parts) + "".join(f"{line}\n" for line in lines)
