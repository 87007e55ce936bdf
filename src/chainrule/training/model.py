"""What learns: an acyclic graph for one example, the values of its parameters, and what is to become small.

Layers are nothing special: `MLP` writes the formulas of a layered network and hands them to the same class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from chainrule.errors import GradientError, ProblemError
from chainrule.graph import Graph
from chainrule.network import layered, network_formulas
from chainrule.node import Node, input_node, label_of, type_of
from chainrule.notation import Names
from chainrule.problem.problem import Problem, Training
from chainrule.quantity import Name, Quantity, spell
from chainrule.training import evaluation
from chainrule.training.parameters import Parameters
from chainrule.training.sources import Shape, first_values, graph_of, minimised, named_shapes, outputs_before, roles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.explanation import Explanation
    from chainrule.training.doctor import Diagnosis

DType: TypeAlias = Literal["float32", "float64"]
Source: TypeAlias = "str | Graph | Callable[..., Any]"


class Model:
    """An acyclic network of any shape: formulas as text, a graph, or a Python function, with what is learned in it.

    `inputs` and `targets` name what changes with the example (with shapes, unless all are single numbers);
    `parameters` gives what is learned its first values, or a shape, which `init` and `seed` then fill. `minimise` names
    the error; `biases` those parameters that penalties leave alone; `outputs` what `predict` gives, which without it
    is what meets the targets. Raises ProblemError or ShapeError for names and shapes that do not fit.

    >>> line = Model("y = a*x + b; E = 1/2*(y - t)^2", inputs=["x"], targets=["t"], parameters={"a": 0, "b": 1})
    >>> line.predict([1.0, 2.0]).tolist(), line.loss([1.0, 2.0], [3.0, 3.0])
    ([[1.0], [1.0]], 2.0)
    """

    def __init__(
        self,
        source: Source,
        *,
        inputs: Sequence[str] | Mapping[str, Shape],
        parameters: Sequence[str] | Mapping[str, Any],
        targets: Sequence[str] | Mapping[str, Shape] = (),
        minimise: str | None = None,
        outputs: Sequence[str] = (),
        biases: Sequence[str] = (),
        init: str = "uniform(-0.5, 0.5)",
        seed: int = 0,
        dtype: DType = "float64",
        names: Names | None = None,
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise ProblemError(f"dtype is {dtype!r}, expected 'float32' or 'float64'.")
        given, due = named_shapes(inputs), named_shapes(targets)
        values = first_values(parameters, biases=biases, init=init, seed=seed)
        shapes = {**given, **due, **{name: value.shape for name, value in values.items()}}
        roles(given, due, values)
        self.graph: Graph = graph_of(source, shapes)
        self.minimise: Quantity = minimised(self.graph, minimise)
        known = self.graph.quantities()
        self.inputs: tuple[Node, ...] = tuple([_input(name, given[name]) for name in given])
        self.targets: tuple[Node, ...] = tuple([_input(name, due[name]) for name in due])
        unused = [name for name in values if Name(name) not in known]
        if unused:
            raise GradientError(f"{unused[0]} learns, but no formula uses it.", hint="Remove it, or use it.")
        below = evaluation.running(self.graph, [self.minimise]).inputs()
        self.learning = tuple([name for name in values if Name(name) in below])  # what the error depends on
        if not self.learning:
            raise GradientError(f"{spell(self.minimise)} depends on no parameter, so nothing can be learned.")
        self.dtype: DType = dtype
        self.biases = frozenset(biases)
        self.names = names
        self.outputs: tuple[Quantity, ...] = outputs_before(self.graph, self.minimise, list(due), outputs)
        self._parameters = Parameters({name: value.astype(dtype) for name, value in values.items()})

    @property
    def hidden(self) -> tuple[str, ...]:
        """The names of the outputs of hidden layers, in a layered network."""
        names = self.names
        return tuple([names.spell_array("output", layer) for layer in range(1, len(names.layers) - 1)]) if names else ()

    @property
    def parameters(self) -> Parameters:
        """The arrays that learn, by name; values may be assigned, one by one or all at once."""
        return self._parameters

    @parameters.setter
    def parameters(self, values: Mapping[str, Any]) -> None:
        self._parameters.update(values)

    def predict(self, X: Any) -> NDArray[Any]:
        """The outputs for each example, a row each.

        Raises ShapeError for an X that does not fit the inputs.
        """
        return evaluation.predict(self, X)

    def loss(self, X: Any, T: Any = None, *, over: Literal["sum", "mean"] = "mean") -> float:
        """The error: its mean or sum over the examples."""
        return evaluation.loss(self, X, T, over=over)

    def gradient(self, X: Any, T: Any = None, *, over: Literal["sum", "mean"] = "mean") -> dict[str, NDArray[Any]]:
        """The derivatives of the error by the parameters, an array for each, in its shape."""
        return evaluation.gradient(self, X, T, over=over)

    def problem(self, x: Any, t: Any = None, *, rate: float | None = None, title: str = "One example") -> Problem:
        """The model with one example as a problem: what can be explained, drawn and checked."""
        return _as_problem(self, x, t, rate, title)

    def explain(self, x: Any, t: Any = None, *, rate: float | None = None, digits: int = 9) -> Explanation:
        """The worked solution for one example: forward, backward and, with a rate, the update."""
        return self.problem(x, t, rate=rate).explain(digits=digits)

    def diagnose(self, X: Any, T: Any = None, *, rate: float | None = None) -> Diagnosis:
        """What stands in the way of learning, in plain words: see `doctor`."""
        from chainrule.training.doctor import diagnose

        return diagnose(self, X, T, rate=rate)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in self._parameters.items())
        return f"<{type(self).__name__} of {shapes}, {self.dtype}>"


def _input(name: str, shape: Shape) -> Node:
    return input_node(Name(name), type_of("real", shape))


class MLP(Model):
    """A layered network: inputs, hidden layers and outputs, each unit fed by the whole layer before.

    `activation` is one name for all layers or a list with one for each; `loss` a name of the table of losses. W1 has a
    row per unit and a column per input, b1 a number per unit. Raises ProblemError or ShapeError naming what cannot be
    used.

    >>> net = MLP([2, 3, 1], seed=1)
    >>> {name: value.shape for name, value in net.parameters.items()}
    {'W1': (3, 2), 'b1': (3,), 'W2': (1, 3), 'b2': (1,)}
    >>> net.predict([[0, 0], [1, 1]]).shape
    (2, 1)
    """

    def __init__(
        self,
        layers: Sequence[int],
        *,
        activation: str | Sequence[str] = "sigmoid",
        loss: str = "half squared error",
        init: str = "glorot uniform",
        seed: int = 0,
        dtype: DType = "float64",
        bias: bool | str = True,
        notation: str = "matrix",
    ) -> None:
        network = layered(layers, activation=activation, loss=loss, notation=notation, bias=bias)
        text = network_formulas(network)
        names = network.names
        target = names.spell_array("target", len(network.layers) - 1)
        weights = {names.spell_array("weight", layer) for layer in range(1, len(network.layers))}
        lines = [*(f"{name} = {value}" for name, value in text.constants.items()), *text.lines]
        super().__init__(
            "\n".join(lines),
            inputs={name: shape for name, shape in text.inputs.items() if name not in (target, *text.constants)},
            targets={target: text.inputs[target]},
            parameters=text.parameters,
            minimise="E",
            outputs=[names.spell_array("output", len(network.layers) - 1)],
            biases=[name for name in text.parameters if name not in weights],
            init=init,
            seed=seed,
            dtype=dtype,
            names=names,
        )
        self.described = {
            "layers": list(network.layers), "activation": list(network.activation), "loss": network.loss,
            "bias": network.bias or False, "notation": notation,
        }  # fmt: skip


def _as_problem(model: Model, x: Any, t: Any, rate: float | None, title: str) -> Problem:
    rows = evaluation.examples(model, _one(x), None if t is None else _one(t), needs_targets=bool(model.targets))
    arrays: dict[Quantity, Any] = {
        label_of(one): _exact(part[0].tolist()) for one, part in zip(rows.nodes, rows.parts, strict=True)
    }
    given = tuple(arrays)
    arrays |= {Name(name): _exact(value.tolist()) for name, value in model.parameters.items()}
    if rate is not None:
        arrays[Name("rate")] = Fraction(str(rate))
    return Problem(
        title=title,
        source=None,
        file=None,
        graph=model.graph,
        written={},
        arrays=arrays,
        given_arrays=given,
        parameter_arrays=tuple([Name(name) for name in model.parameters]),
        minimise=model.minimise,
        training=Training(rate=None if rate is None else Name("rate")),
        notation=model.names,
    )


def _one(value: Any) -> Any:
    """One example as a batch of one."""
    if isinstance(value, Mapping):
        return {name: np.asarray(part)[None] for name, part in value.items()}
    return np.asarray(value)[None]


def _exact(nested: Any) -> Any:
    """Numbers as they print: 0.1 is one tenth."""
    return [_exact(part) for part in nested] if isinstance(nested, list) else Fraction(repr(nested))
