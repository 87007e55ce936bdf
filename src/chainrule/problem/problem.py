"""What a problem is once it has been read: graphs, exact values, and what is to be learned how.

The graph of arrays is made on loading; the one with a node for every unit only when it is asked for, because large
networks are trained, not explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from chainrule.dataclasses import dataclass, field
from chainrule.errors import Place, ProblemError
from chainrule.formula.syntax import Tree
from chainrule.graph import Graph
from chainrule.node import Node, is_quantity, label_of
from chainrule.notation import Names, Symbol
from chainrule.notation_table import Role
from chainrule.numbers.array import items_of, of_nested, shape_of
from chainrule.problem.layers import part_of
from chainrule.problem.written import problem_text
from chainrule.quantity import Element, Example, Name, Quantity
from chainrule.transforms.examples import per_example
from chainrule.transforms.units import element_labels, scalar_operations, units

if TYPE_CHECKING:
    from chainrule.checking.report import Report
    from chainrule.explanation import Explanation
    from chainrule.problem.data import Data
    from chainrule.toml_source import TomlSource

MAX_OPERATIONS: Final = 100_000  # of single numbers per update, to be explained unit by unit
BACKWARD: Final = 3  # forward and backward pass together take about three times the forward pass


@dataclass(frozen=True, slots=True)
class Training:
    """How the parameters change: the optimiser and its numbers, the learning rate, and what one update sees.

    `rate` labels an input of the units graph whose value is in `Problem.values`; it is None where nothing is updated.
    `batch` examples make one update, or "all"; the error of several is their "sum" or "mean", as `over` says, and
    `weights` names how much each of them counts.
    """

    optimizer: str = "sgd"
    options: Mapping[str, Fraction] = field(default_factory=dict)
    rate: Quantity | None = None
    batch: int | Literal["all"] = "all"
    over: Literal["sum", "mean"] = "mean"
    weights: Quantity | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A problem: what is given, what is computed from it, and what is to become small.

    `graph` is as the person wrote it, arrays as arrays, for one example; its outputs are all definitions, each after
    those it uses. `arrays` holds the exact values of its inputs as nested lists, with one entry per example for the
    labels in `varying`. `units` is the same with one node per unit, weight and example, and `values`, `given` and
    `parameters` speak of its inputs. `written` has the parse trees of the definitions of single numbers in `formulas`.
    """

    title: str
    source: str | None
    file: str | None
    graph: Graph
    written: Mapping[Quantity, Tree]
    arrays: Mapping[Quantity, Any]
    given_arrays: tuple[Quantity, ...]
    parameter_arrays: tuple[Quantity, ...]
    symbols: tuple[Quantity, ...] = ()
    varying: tuple[Quantity, ...] = ()
    examples: int = 0
    minimise: Quantity | None = None
    training: Training = field(default_factory=Training)
    notation: Names | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    delta_sign: Literal[1, -1] = 1
    note: str | None = None  # what the author wants said at the end
    warnings: tuple[str, ...] = ()
    document: TomlSource | None = None  # the file, for places in `working`
    data: Data | None = None  # where the examples come from; those of `arrays` are then NumPy arrays

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Problem:
        """The problem that a problem file with these keys and tables describes.

        Raises ProblemError or FormulaError as `load` does; lines count in the text of such a file.

        >>> Problem.from_dict({"formulas": "E = w^2", "minimise": "E", "parameters": {"w": 0.1}}).values
        {Name(text='w'): Fraction(1, 10)}
        """
        from chainrule.problem.build import loads  # it makes this class

        return loads(problem_text(data))

    @cached_property
    def units(self) -> Graph:
        """The graph of single numbers; raises ProblemError if it would have too many operations."""
        graph = self.graph
        if self.operations > MAX_OPERATIONS:
            raise ProblemError(
                f"the problem takes about {self.operations:,} operations on single numbers per update, and at most"
                f" {MAX_OPERATIONS:,} are explained unit by unit.",
                place=Place(self.file),
                hint="Use --view matrix, there --of for single units, or train it.",
            )
        if self.varying:
            graph = per_example(
                graph, self.varying, self.examples, error=self.minimise, over=self.training.over,
                weights=self.training.weights,
            )  # fmt: skip
        if any(n.shape for n in graph.nodes()):
            graph = units(graph, element=self.element)
        return graph

    @cached_property
    def operations(self) -> int:
        """About how many operations on single numbers an update takes; without one, the forward pass."""
        passes = BACKWARD if self.minimise is not None else 1
        return scalar_operations(self.graph) * max(1, self.examples) * passes

    @cached_property
    def values(self) -> Mapping[Quantity, Fraction]:
        """The exact values of the inputs of `units`, the learning rate among them; symbols have none."""
        result: dict[Quantity, Fraction] = {}
        for label, nested in self.arrays.items():
            copies = enumerate(nested, 1) if label in self.varying else [(0, nested)]
            for number, value in copies:
                array = of_nested(value)
                labels = element_labels(Example(label, number) if number else label, shape_of(array), self.element)
                result.update(zip(labels, items_of(array), strict=True))
        return result

    @cached_property
    def given(self) -> tuple[Quantity, ...]:
        """The labels of all single numbers that never change, in the order of the file."""
        return self._elements(self.given_arrays)

    @cached_property
    def parameters(self) -> tuple[Quantity, ...]:
        """The labels of all single numbers that learn, in the order of the file."""
        return self._elements(self.parameter_arrays)

    @cached_property
    def labels(self) -> Mapping[Quantity, tuple[int | str, ...]]:
        """The shape of everything that has a name in `graph` or a value, arrays as a whole."""
        shapes: dict[Quantity, tuple[int | str, ...]] = {label: n.shape for label, n in self.graph.quantities().items()}
        for label, value in self.arrays.items():
            if label not in shapes:  # unused: only its value tells its shape
                shapes[label] = shape_of(of_nested(value))[label in self.varying :]
        return shapes

    @cached_property
    def dependents(self) -> frozenset[Quantity]:
        """The labels of `graph` whose value differs from example to example."""
        found: set[Node] = set()
        for n in self.graph.nodes():
            if (is_quantity(n) and label_of(n) in self.varying) or any(a in found for a in n.args):
                found.add(n)
        return frozenset({*self.varying, *(label_of(n) for n in found if is_quantity(n))})

    def varies(self, label: Quantity) -> bool:
        """Whether a name or an element differs from example to example."""
        while isinstance(label, Element):
            label = label.of
        if label in self.dependents or not isinstance(label, Name) or self.notation is None:
            return label in self.dependents
        part = part_of(self.notation, label.text, ())
        return part is not None and Name(part[0]) in self.dependents

    def quantity(self, text: str) -> Quantity:
        """The label of a quantity, such as `dE/dw5`, `w5'`, `delta(h1)`, `o1{2}` or an expression.

        Raises FormulaError if there is no such quantity.
        """
        from chainrule.problem.resolve import resolve  # it needs this class

        return resolve(self, text)

    def explain(self, *, steps: int = 1, digits: int = 9, every_step: bool = False) -> Explanation:
        """The worked solution of update number `steps`; printing it shows it as on the board.

        Raises ProblemError if there is no update to make and `steps` is more than 1.

        >>> from chainrule.problem import loads
        >>> loads("formulas = 'y = 2*x'\\n[given]\\nx = 3").explain().steps[0].value
        6.0
        """
        from chainrule.display import explain

        return explain(self, steps=steps, digits=digits, every_step=every_step)

    def check(self) -> Report:
        """The verdict on every link of `working`: right, rounded, carried or wrong; printing it shows it line by line.

        >>> from chainrule.problem import loads
        >>> problem = loads("formulas = 'y = 2*x'\\nworking = 'y = 2*3 = 7'\\n[given]\\nx = 3")
        >>> [link.verdict for link in problem.check().links]
        ['right', 'wrong']
        """
        from chainrule.display import check

        return check(self)

    def element(self, label: Quantity, index: tuple[int, ...]) -> Quantity:
        """What an element of an array is called: the notation's own name, or `W1[2,1]`."""
        array = self._roles.get(label)
        if array is None or self.notation is None or len(index) > 2:
            return Element(label, index)
        role, layer = array
        return self.notation.to_quantity(Symbol(role, layer, index[0], index[1] if len(index) > 1 else None))

    @cached_property
    def _roles(self) -> Mapping[Quantity, tuple[Role, int]]:
        """The arrays of the network, and what they are."""
        names, result = self.notation, dict[Quantity, tuple[Role, int]]()
        for label in (*self.graph.outputs, *self.arrays):
            array = names.read_array(label.text) if names is not None and isinstance(label, Name) else None
            if array is not None and array[0] != "delta":
                result[label] = array
        return result

    def _elements(self, labels: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        result: list[Quantity] = []
        for label in labels:
            nested = self.arrays[label]
            if label not in self.varying:
                result += element_labels(label, shape_of(of_nested(nested)), self.element)
                continue
            for number, value in enumerate(nested, 1):
                result += element_labels(Example(label, number), shape_of(of_nested(value)), self.element)
        return tuple(result)

    def _repr_html_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "html")

    def _repr_latex_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "latex")

    def _repr_markdown_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "markdown")

    def __repr__(self) -> str:
        return f"<Problem {self.title!r}>"
