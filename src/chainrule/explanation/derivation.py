"""Derivations in symbols: of every local derivative, of known functions, and of whole derivatives by the chain rule.

What is derived ends at the form that the solutions use - s(1-s) for the sigmoid, 1 - a^2 for tanh, p - t for softmax
with cross entropy - by the lines a person would write in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ProblemError
from chainrule.explanation.closing import closing_lines
from chainrule.explanation.cross_entropy import cross_entropy_lines, unit_cross_entropy_lines
from chainrule.explanation.differentiation import Line, derivation_of, line_text, simplified
from chainrule.explanation.passes import default_result
from chainrule.explanation.products import ChainRule, Factor, Term, by_quantity, depending_on, is_one, other_routes
from chainrule.graph import Graph
from chainrule.node import (
    INPUT,
    NAME,
    Node,
    Op,
    arguments_of,
    body_of,
    const,
    input_node,
    is_quantity,
    label_of,
    name_node,
    node,
    order,
    rebuild,
)
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.functions import EULER, SIGMOID, TANH
from chainrule.problem import Problem
from chainrule.problem.problem import MAX_OPERATIONS
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import ONE, direct_derivatives, reverse
from chainrule.transforms.units import units

MOST_EXPANDED = 60  # nodes of a derivative in which names are replaced by what they stand for

Spelled = Callable[[Quantity], str]


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """One derivation: what is derived, and the lines from its definition to its last form."""

    left: str
    lines: tuple[Line, ...]
    note: str = ""
    spelling: Spelled = field(default=spell)

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Expression and reason of every line; lines that read alike are one."""
        found: list[tuple[str, str]] = []
        for line in self.lines:
            text = line_text(line.node, self.spelling)
            if not found or found[-1][0] != text:
                found.append((text, line.rule))
        return tuple(found)


def derivations(problem: Problem, of: Sequence[str] = ()) -> list[tuple[str, list[Derived]]]:
    """Titled groups of derivations: all that a problem's backward pass is made of, or only what `of` asks for.

    Raises `ProblemError` for a problem too large to be explained unit by unit, and for what is no derivative.
    """
    graph = _unit_graph(problem)
    if of:
        return [(text, _asked(problem, graph, text)) for text in of]
    groups = [
        ("Functions", _functions(graph)),
        ("Local derivatives", _locals(problem, graph)),
        ("With cross entropy", _cross_entropies(problem, graph)),
        ("Whole derivatives", _whole_derivatives(problem, graph)),
    ]
    return [(title, own) for title, own in groups if own]


def _unit_graph(problem: Problem) -> Graph:
    """The graph of single numbers as it was written, for one example."""
    if problem.operations > MAX_OPERATIONS:
        what = f"the problem takes about {problem.operations:,} operations per update, too many to derive each."
        raise ProblemError(what, hint="Use --view matrix.")
    graph = problem.graph
    return units(graph, element=problem.element) if any(n.shape for n in graph.nodes()) else graph


# -- functions


def _functions(graph: Graph) -> list[Derived]:
    """The derivatives of the functions that formulas call by name."""
    used = {n.op for n in graph.nodes()}
    x = input_node(Name("x"))
    return [_function(op, form(x), x) for op, form in _FORMS.items() if op in used]


def _function(op: Op, form: Node, x: Node) -> Derived:
    called = name_node(Name(f"{op.name}(x)"), form)
    first, *others = _local_lines(called, x)
    return Derived(f"d{op.name}(x)/dx", (Line(first.node, f"{op.name}(x) = {line_text(form)}"), *others))


def _power_of_e(x: Node) -> Node:
    return node(POWER, (EULER(), x))


def _sigmoid_form(x: Node) -> Node:
    return node(DIV, (const(1), node(ADD, (const(1), _power_of_e(node(NEG, (x,)))))))


def _tanh_form(x: Node) -> Node:
    up, down = _power_of_e(x), _power_of_e(node(NEG, (x,)))
    return node(DIV, (node(SUB, (up, down)), node(ADD, (up, down))))


_FORMS: Mapping[Op, Callable[[Node], Node]] = {SIGMOID: _sigmoid_form, TANH: _tanh_form}


# -- local derivatives


def _locals(problem: Problem, graph: Graph) -> list[Derived]:
    """Every definition by every quantity in it that matters."""
    touched = depending_on(graph, set(problem.parameters)) if problem.parameters else None
    pairs = [
        (definition, by)
        for definition in graph.nodes()
        if definition.op is NAME
        for by in arguments_of(definition)
        if touched is None or label_of(by) in touched
    ]
    return _derived_once(graph, pairs)


def _derived_once(graph: Graph, pairs: Iterable[tuple[Node, Node]]) -> list[Derived]:
    """The derivations of definitions by arguments; of those that differ in names only, the first in full."""
    route = other_routes(graph)
    seen: dict[str, str] = {}
    found: list[Derived] = []
    for definition, by in pairs:
        direct = route(label_of(definition), label_of(by))
        left = spell(Derivative(label_of(definition), label_of(by), direct))
        key = _shape(definition, by)
        lines = local_derivation(definition, by)
        if key in seen and len(lines) > 2:
            lines = [lines[0], Line(lines[-1].node, f"in the same way as {seen[key]}")]
        seen.setdefault(key, left)
        found.append(Derived(left, tuple(lines)))
    return found


def local_derivation(definition: Node, by: Node) -> list[Line]:
    """The lines of the direct derivative of a definition by one of the quantities in it.

    >>> x, y = input_node(Name("x")), Name("y")
    >>> [line_text(line.node) for line in local_derivation(name_node(y, 5 * x + 3), by=x)]
    ['d/dx(5 * x + 3)', 'd/dx(5 * x) + 0', '5*1 + 0', '5']
    """
    return _local_lines(definition, by)


def _local_lines(definition: Node, by: Node) -> list[Line]:
    lines = derivation_of(body_of(definition), by)
    goal = local_form(definition, by)
    goal_text = line_text(goal)
    for at, line in enumerate(lines):
        if line_text(line.node) == goal_text:
            return lines[: at + 1]
    return [*lines, *closing_lines(definition, by, goal)]


def local_form(definition: Node, by: Node) -> Node:
    """The direct derivative as the solutions print it: out*(1 - out) for a sigmoid, however it was written."""
    label = label_of(definition)
    known = recognise(Graph({label: _cut(definition)})).outputs[label]
    found = direct_derivatives(known, ONE, {_stand(by)}).get(_stand(by), const(0))
    back = {_stand(n): n for n in arguments_of(definition)}
    return rebuild([found], _same, known={**back, known: definition})[found]


def _same(old: Node, args: tuple[Node, ...]) -> Node:
    return old if args == old.args else node(old.op, args, old.attribute)


def _stand(quantity: Node) -> Node:
    """An input in the place of a quantity, so that only one definition is looked at."""
    return input_node(label_of(quantity), quantity.type)


def _cut(definition: Node) -> Node:
    stands = {n: _stand(n) for n in arguments_of(definition)}
    return name_node(label_of(definition), rebuild([body_of(definition)], _same, known=stands)[body_of(definition)])


def _shape(definition: Node, by: Node) -> str:
    """The formula with its quantities numbered: equal for formulas that differ in names only."""
    numbers = {n: f"q{k}" for k, n in enumerate(arguments_of(definition))}
    back = {label_of(n): text for n, text in numbers.items()}
    return f"{line_text(body_of(definition), lambda label: back.get(label, spell(label)))} by {numbers[by]}"


# -- whole derivatives


def _asked(problem: Problem, graph: Graph, text: str) -> list[Derived]:
    quantity = problem.quantity(text)
    if not isinstance(quantity, Derivative):
        raise ProblemError(f"found {text}, which is no derivative.", hint="Ask for one such as dE/dw1.")
    known = graph.quantities()
    for label in (quantity.of, quantity.by):
        if label not in known:
            what = f"found {text}, but {spell(label)} is no single quantity of one example's formulas."
            raise ProblemError(what, hint="Name a unit or weight, and no example.")
    whole = whole_derivation(graph, quantity.of, quantity.by, expand=not problem.parameters)
    ledger = reverse(graph, quantity.of, [quantity.by]).ledger
    pairs = [(known[e.through], known[e.of.by]) for e in ledger if isinstance(e.of, Derivative)]
    needed = _derived_once(graph, pairs)
    return [*[one for one in needed if one.left != whole[-1].left], *whole]


def _whole_derivatives(problem: Problem, graph: Graph) -> list[Derived]:
    """Of a problem without parameters: its result by every input that is not a definition's own argument."""
    of = problem.minimise or default_result(graph)
    if problem.parameters or of is None:
        return []
    root = graph.quantities()[of]
    inputs = [n for n in order([root]) if n.op is INPUT and n not in arguments_of(root)]
    return [one for n in inputs for one in whole_derivation(graph, of, label_of(n), expand=True)[-1:]]


def whole_derivation(graph: Graph, of: Quantity, by: Quantity, *, expand: bool = False) -> list[Derived]:
    """A derivative by the chain rule: the derivatives it needs first, each with its factors put in.

    With `expand`, names are at last replaced by what they stand for. Raises `GradientError` if a name is unknown or an
    array.
    """
    grown = reverse(recognise(graph), of, [by])
    rule = ChainRule(of, grown, by_quantity(grown, of), lambda label: False, frozenset(), other_routes(grown))
    target = grown.outputs[Derivative(of, by)]
    needed = [label_of(n) for n in order([target]) if n.op is NAME and isinstance(label_of(n), Derivative)]
    wanted = _heads(rule, by, [label.by for label in needed if isinstance(label, Derivative)])
    return [_chained(graph, rule, label, expand=expand) for label in wanted]


def _heads(rule: ChainRule, by: Quantity, candidates: Sequence[Quantity]) -> list[Quantity]:
    """The derivatives that chains begin with, where a chain forks above; and the one asked for."""
    found = {by}
    waiting = [by]
    while waiting:
        for term in rule.terms(waiting.pop()):
            for factor in term.factors:
                label = label_of(factor.node) if is_quantity(factor.node) else None
                begins = isinstance(label, Derivative) and label.of == rule.of and not is_one(factor.node)
                if begins and isinstance(label, Derivative) and label.by not in found and label.by in candidates:
                    found.add(label.by)
                    waiting.append(label.by)
    return [label for label in candidates if label in found] or [by]


def _chained(graph: Graph, rule: ChainRule, by: Quantity, *, expand: bool) -> Derived:
    label = Derivative(rule.of, by)
    terms = rule.terms(by)
    if not terms:
        return Derived(spell(label), (Line(const(0), f"{spell(by)} has no influence"),))
    known = graph.quantities()
    if len(terms) == 1 and len(terms[0].factors) == 1 and known[by] in arguments_of(known[rule.of]):
        return Derived(spell(label), tuple(local_derivation(known[rule.of], known[by])))
    chain = _sum_of_products(terms, _named_factor)
    put_in = _sum_of_products(terms, lambda factor: const(1) if is_one(factor.node) else factor.node)
    lines = [Line(chain, "chain rule"), Line(put_in, "local derivatives put in"), *simplified(put_in)]
    if expand:
        lines += _expanded(lines[-1].node)
    return Derived(spell(label), tuple(lines))


def _named_factor(factor: Factor) -> Node:
    """A factor under its name, such as dE/do1, with its value behind it."""
    if factor.label is None or (is_quantity(factor.node) and label_of(factor.node) == factor.label):
        return factor.node
    return name_node(Name(spell(factor.label)), factor.node)


def _sum_of_products(terms: Sequence[Term], write: Callable[[Factor], Node]) -> Node:
    total: Node | None = None
    for term in terms:
        product: Node | None = None
        for factor in term.factors:
            one = write(factor) if not factor.terms else _sum_of_products(factor.terms, write)
            product = one if product is None else node(MUL, (product, one))
        assert product is not None
        total = product if total is None else node(ADD, (total, product))
    assert total is not None
    return total


def _expanded(root: Node) -> list[Line]:
    """The names replaced by what they stand for, and simplified."""
    names = [n for n in order([root], cut=is_quantity) if n.op is NAME]
    if not names or len(order([root])) > MOST_EXPANDED:
        return []
    bare = rebuild([root], lambda old, args: args[0] if old.op is NAME else _same(old, args))[root]
    reason = ", ".join(f"{spell(label_of(n))} = {line_text(body_of(n))}" for n in names)
    return [Line(bare, reason), *simplified(bare)]


def _cross_entropies(problem: Problem, graph: Graph) -> list[Derived]:
    """The derivative by a net input whose softmax or sigmoid goes into a cross entropy."""
    found = list(cross_entropy_lines(problem.graph, problem.arrays)) or list(unit_cross_entropy_lines(graph))
    return [Derived(left, tuple(lines), note) for left, lines, note in found]
