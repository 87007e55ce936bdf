"""The gates view: back propagation node by node, as it is drawn in circuit diagrams.

At each gate stand its inputs and output, its local derivatives, the gradient that comes in and those that go out.

Every operation of a formula becomes a gate with a name of its own, so that nothing happens between two lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.explanation import Explanation
from chainrule.explanation.choices import taken
from chainrule.explanation.passes import values_of
from chainrule.explanation.products import other_routes
from chainrule.explanation.spelling import spelling_of
from chainrule.explanation.steps import Writer
from chainrule.graph import Contribution, Graph
from chainrule.node import CONST, NAME, Node, is_quantity, label_of, name_node, node, order
from chainrule.printing.document import Block, Chain, Document, Heading, Prose, Table
from chainrule.printing.expression import expression, product, sum_of
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.transforms.reverse import reverse
from chainrule.views.legend import functions, rounding

# What a gate is called, and what it does with the gradient that comes in.
_WORDS = {
    "add": ("add gate", "passes the incoming gradient on to each input as it is"),
    "sub": ("subtract gate", "passes the incoming gradient on to the first input, and its negative to the second"),
    "mul": ("multiply gate", "swaps its inputs: each gets the incoming gradient times the other input"),
    "div": ("divide gate", "gives the first input the incoming gradient over the second input"),
    "neg": ("minus gate", "turns the sign of the incoming gradient"),
    "power": ("power gate", "multiplies the incoming gradient by exponent * base^(exponent - 1)"),
    "max": ("max gate", "routes the incoming gradient to the larger input; the other gets nothing"),
    "min": ("min gate", "routes the incoming gradient to the smaller input; the other gets nothing"),
    "relu": ("relu gate", "lets the incoming gradient through where its input is positive, and stops it elsewhere"),
    "sigmoid": ("sigmoid gate", "multiplies the incoming gradient by output * (1 - output)"),
    "tanh": ("tanh gate", "multiplies the incoming gradient by 1 - output^2"),
    "exp": ("exp gate", "multiplies the incoming gradient by its output"),
    "log": ("log gate", "divides the incoming gradient by its input"),
    "where": ("choice gate", "routes the incoming gradient to the branch that was taken"),
    "stop_gradient": ("stop gate", "lets no gradient through"),
    "name": ("wire", "passes the incoming gradient on as it is"),
}
_PREFIXES = ("g", "gate", "gate_", "node_", "gate__")  # of the names of gates; the first that no quantity begins with


def gates_view(explanation: Explanation, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of all gates, backward from the error; `until` ends it after the gate of that quantity, `of` keeps
    the gates that make or use these quantities.

    Raises `ProblemError` if there is nothing to differentiate, or a quantity has no gate.
    """
    problem, passes = explanation.problem, explanation.passes
    if passes.of is None:
        raise ProblemError("there is no single result to take derivatives of.", hint="Name one with minimise.")
    circuit = _circuit(explanation, passes.forward, passes.of)
    chosen = {_wanted(explanation, circuit, text) for text in of}
    last = _wanted(explanation, circuit, until) if until is not None else None
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    forward = [gate for gate in circuit.gates if not chosen or _touches(gate, chosen)]
    blocks += functions(passes.forward.outputs.values())
    blocks += rounding(explanation.steps, explanation.digits)
    if last is None:
        blocks += [Heading("Forward pass: every gate's output"), *[circuit.output(gate) for gate in forward]]
    blocks.append(Heading("Backward pass: from gate to gate"))
    for gate in circuit.backwards():
        if not chosen or _touches(gate, chosen):
            blocks += circuit.gate(gate)
        blocks += [block for label, block in circuit.forks(gate) if not chosen or label in chosen]
        if label_of(gate) == last:
            return Document(tuple(blocks))
    if not chosen:
        blocks += [Heading("Values and gradients"), circuit.summary()]
    return Document(tuple(blocks))


def name_gates(graph: Graph, of: Quantity) -> Graph:
    """The part of a graph that `of` depends on, with a name - g1, g2, ... - for every operation that has none.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> x, f = input_node(Name("x")), Name("f")
    >>> [spell(label) for label in name_gates(Graph({f: name_node(f, (x + 1) * x)}), f).outputs]
    ['g1', 'f']
    """
    reached = set(order([graph.quantities()[of]]))
    below = [n for n in order(graph.outputs.values()) if n in reached]  # in the order in which people wrote them
    prefix = _free_prefix([label_of(n) for n in below if is_quantity(n)])
    used = {a for n in below if n.op is not NAME for a in n.args}
    moving: set[Node] = set()  # what is no constant
    plain: dict[Node, Node] = {}  # the formula of a definition
    named: dict[Node, Node] = {}  # what a gate gets as its input
    outputs: dict[Quantity, Node] = {}
    number = 0
    for old in below:
        args = plain if old.op is NAME else named
        new = plain[old] = node(old.op, tuple([args[a] for a in old.args]), old.attribute)
        if is_quantity(old) or any(a in moving for a in old.args):
            moving.add(old)
        if old in moving and old in used and not is_quantity(old) and old.type.kind != "boolean":
            number += 1
            new = name_node(Name(f"{prefix}{number}"), new)
        named[old] = new
        if new.op is NAME:
            outputs[label_of(new)] = new
    return Graph(outputs)


def _free_prefix(labels: Sequence[Quantity]) -> str:
    taken_names = [spell(label) for label in labels]

    def is_free(prefix: str) -> bool:
        return not any(name.startswith(prefix) and name[len(prefix) :][:1].isdigit() for name in taken_names)

    return next((prefix for prefix in _PREFIXES if is_free(prefix)), "_" * (max(map(len, taken_names)) + 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Circuit:
    """The gates of a problem, their gradients, and what they are worth."""

    of: Quantity
    graph: Graph
    nodes: dict[Quantity, Node]  # every wire, input and derivative of the graph
    gates: tuple[Node, ...]  # definitions of one operation each, in forward order
    entries: dict[Quantity, list[Contribution]]  # what each gate passes back, by the gate
    parts: dict[Quantity, list[Contribution]]  # what each quantity gets, by the quantity
    other_route: Callable[[Quantity, Quantity], bool]
    writer: Writer

    def backwards(self) -> Iterator[Node]:
        """The gates a gradient reaches, in the order in which their gradients are complete."""
        nodes = {label_of(gate): gate for gate in self.gates}
        order_of = [label.by for label in self.graph.outputs if isinstance(label, Derivative) and label.of == self.of]
        yield nodes[self.of]
        yield from (nodes[label] for label in order_of if label in nodes and label in self.parts and label != self.of)

    def output(self, gate: Node) -> Chain:
        """A gate's formula, the numbers put in, and its value."""
        kind, _ = _words(gate)
        spell_it, body = self.writer.spelling, gate.args[0]
        formula = expression(body, spell=spell_it)
        numbers = expression(body, spell=spell_it, substitute=self.number)
        value = self.value(gate)
        lines = [line for line in dict.fromkeys([formula, numbers, value]) if line is not None]
        return Chain(spell_it(label_of(gate)), tuple(lines), kind, "forward")

    def gate(self, gate: Node) -> list[Block]:
        """What comes into a gate from behind and what it passes on to each of its inputs."""
        label = label_of(gate)
        kind, deed = _words(gate)
        name = self.writer.spelling(label)
        formula = expression(gate.args[0], spell=self.writer.spelling)
        value = self.value(gate)
        title = f"{kind.capitalize()} {name} = {formula}" + (f" = {value}" if value is not None else "")
        incoming = self.gradient(label)
        blocks: list[Block] = [Heading(title, 3)]
        entries = self.entries.get(label, [])
        if not entries:
            return [*blocks, Prose(f"Nothing is passed on from here: {name} has no input that a gradient could reach.")]
        notes: list[str] = []
        rows = [self.row(entry, notes) for entry in entries]
        why = f" Here {notes[0].removeprefix('because ')}." if notes else ""
        twice = [self.writer.spelling(_by(e)) for e in entries if _mentions(gate, _by(e)) > 1]
        more = "".join(f" {one} stands in it more than once, so its parts are added." for one in twice)
        blocks.append(Prose(f"It {deed}.{why}{more} Incoming gradient: {self.derivative(label)} = {incoming}."))
        return [*blocks, Table(("input", "value", "local derivative", "outgoing = incoming * local"), tuple(rows))]

    def row(self, entry: Contribution, notes: list[str]) -> tuple[str, str, str, str]:
        writer, by = self.writer, _by(entry)
        local = entry.local if entry.local is not None else entry.value
        choice = taken([local], writer.table, writer.spelling)
        if choice.note:
            notes.append(choice.note)
        formula = expression(choice.resolved.get(local, local), spell=writer.spelling)
        number = self.known(local)
        name = self.local_name(entry)
        chain = [name, formula, *([number] if number not in (None, formula) else [])]
        factors = product([self.gradient(entry.through), number or formula])
        result = self.known(entry.value)
        outgoing = f"{factors} = {result}" if result is not None else factors
        return writer.spelling(by), self.value_of(by), " = ".join(chain), outgoing

    def local_name(self, entry: Contribution) -> str:
        """How a local derivative is called, "(direct)" where its input also comes another way."""
        direct = self.other_route(entry.through, _by(entry))
        return self.writer.spelling(Derivative(entry.through, _by(entry), direct))

    def forks(self, gate: Node) -> list[tuple[Quantity, Block]]:
        """The sums of quantities that feed several gates, of which this was the last to pass something back."""
        found: list[tuple[Quantity, Block]] = []
        for entry in self.entries.get(label_of(gate), []):
            by = _by(entry)
            parts = self.parts[by]
            if len(parts) > 1 and parts[-1] is entry:
                found.append((by, Heading(f"Fork {self.writer.spelling(by)}", 3)))
                found.append((by, self.fork(by, parts)))
        return found

    def fork(self, by: Quantity, parts: Sequence[Contribution]) -> Chain:
        writer = self.writer
        symbols = [
            product([self.derivative(p.through), self.local_name(p)], leading=not k) for k, p in enumerate(parts)
        ]
        lines = [sum_of(symbols)]
        numbers = [self.known(part.value) for part in parts]
        known = [number for number in numbers if number is not None]
        if len(known) == len(parts):
            lines.append(sum_of([product([number], leading=not k) for k, number in enumerate(known)]))
        lines.append(self.gradient(by))
        through = [writer.spelling(part.through) for part in parts]
        note = f"{writer.spelling(by)} goes to {', '.join(through[:-1])} and {through[-1]}: gradients add up"
        return Chain(self.derivative(by), tuple(dict.fromkeys(lines)), note, "backward")

    def summary(self) -> Table:
        """Every wire with its value and its gradient, as they are written on a circuit diagram."""
        wires = [label for label, n in self.nodes.items() if not isinstance(label, Derivative)]
        rows = [(self.writer.spelling(w), self.value_of(w), self.gradient(w)) for w in wires if self.reached(w)]
        return Table(("wire", "value", "gradient"), tuple(rows))

    def reached(self, label: Quantity) -> bool:
        return label == self.of or label in self.parts

    def derivative(self, by: Quantity) -> str:
        return self.writer.spelling(Derivative(self.of, by))

    def gradient(self, by: Quantity) -> str:
        """The complete gradient of a quantity as printed."""
        if by == self.of:
            return "1"
        at = self.graph.outputs[Derivative(self.of, by)]
        return self.known(at) or self.writer.closed_form(at) or self.derivative(by)

    def value_of(self, label: Quantity) -> str:
        return self.value(self.nodes[label]) or self.writer.spelling(label)

    def value(self, at: Node) -> str | None:
        return self.writer.number(at) or self.known(at)

    def known(self, at: Node) -> str | None:
        value = self.writer.table.get(at)
        return None if value is None else self.writer.number(at) or self.writer.figure(value)

    def number(self, at: Node) -> str | None:
        return self.writer.number(at) if is_quantity(at) else None


def _circuit(explanation: Explanation, forward: Graph, of: Quantity) -> _Circuit:
    named = name_gates(forward, of)
    graph = reverse(named, of)
    table = values_of(graph.roots(), explanation.inputs)
    problem = explanation.problem
    writer = Writer(problem, table, spelling_of(problem), explanation.digits, explanation.update)
    entries: dict[Quantity, list[Contribution]] = {}
    parts: dict[Quantity, list[Contribution]] = {}
    for entry in graph.ledger:
        entries.setdefault(entry.through, []).append(entry)
        parts.setdefault(_by(entry), []).append(entry)
    return _Circuit(
        of, graph, graph.quantities(), tuple(named.outputs.values()), entries, parts, other_routes(graph), writer
    )


def _words(gate: Node) -> tuple[str, str]:
    op = gate.args[0].op
    if op is CONST:
        return "constant", "has no input"
    if is_quantity(gate.args[0]):
        return _WORDS["name"]
    return _WORDS.get(op.name) or (f"{op.glyph or op.name} gate", "multiplies the incoming gradient by its derivative")


def _by(entry: Contribution) -> Quantity:
    assert isinstance(entry.of, Derivative)
    return entry.of.by


def _mentions(gate: Node, label: Quantity) -> int:
    return sum(1 for a in gate.args[0].args if is_quantity(a) and label_of(a) == label)


def _touches(gate: Node, chosen: set[Quantity]) -> bool:
    return label_of(gate) in chosen or any(is_quantity(a) and label_of(a) in chosen for a in gate.args[0].args)


def _wanted(explanation: Explanation, circuit: _Circuit, text: str) -> Quantity:
    """The wire a text means: a quantity, a gate's own name, or what a derivative is by."""
    for label in circuit.nodes:
        if text == circuit.writer.spelling(label) and not isinstance(label, Derivative):
            return label
    label = explanation.problem.quantity(text)
    if isinstance(label, Derivative) and label.of == circuit.of:
        label = label.by
    if not circuit.reached(label):
        raise ProblemError(f"found {text}, but no gate of {spell(circuit.of)} has to do with it.")
    return label
