"""What learns: an acyclic graph for one example, the values of its parameters, and what is to become small.

Layers are nothing special: `MLP` writes the formulas of a layered network and hands them to the same class. Whatever is
large is loaded when it is needed, because a short program should start in no time.
"""

from __future__ import annotations

from _thread import RLock

TYPE_CHECKING = False  # what only types need is not loaded
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from numpy.typing import NDArray

    from chainrule.explanation import Explanation
    from chainrule.graph import Graph
    from chainrule.node import Node
    from chainrule.notation import Names
    from chainrule.problem.problem import Problem
    from chainrule.quantity import Quantity
    from chainrule.training.doctor import Diagnosis
    from chainrule.training.parameters import Parameters
    from chainrule.training.single import Single
    from chainrule.training.sources import Shape

DType: TypeAlias = "Literal['float32', 'float64']"
Source: TypeAlias = "str | Graph | Callable[..., Any]"
_building = RLock()


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

    graph: Graph
    minimise: Quantity
    inputs: tuple[Node, ...]
    targets: tuple[Node, ...]
    outputs: tuple[Quantity, ...]
    learning: tuple[str, ...]  # the parameters that the error depends on
    biases: frozenset[str]
    dtype: DType
    names: Names | None
    _parameters: Parameters
    _single: Single | None = None

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
        from chainrule.training.building import build

        build(
            self, source, inputs=inputs, parameters=parameters, targets=targets, minimise=minimise, outputs=outputs,
            biases=biases, init=init, seed=seed, dtype=dtype, names=names,
        )  # fmt: skip

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
        found = self._single(self, X) if self._single is not None else None
        if found is not None:
            return found
        from chainrule.training import evaluation, single

        made = evaluation.predict(self, X)
        self._single = self._single or single.Single(self)
        return made

    def loss(self, X: Any, T: Any = None, *, over: Literal["sum", "mean"] = "mean") -> float:
        """The error: its mean or sum over the examples."""
        from chainrule.training import evaluation

        return evaluation.loss(self, X, T, over=over)

    def gradient(self, X: Any, T: Any = None, *, over: Literal["sum", "mean"] = "mean") -> dict[str, NDArray[Any]]:
        """The derivatives of the error by the parameters, an array for each, in its shape."""
        from chainrule.training import evaluation

        return evaluation.gradient(self, X, T, over=over)

    def problem(self, x: Any, t: Any = None, *, rate: float | None = None, title: str = "One example") -> Problem:
        """The model with one example as a problem: what can be explained, drawn and checked."""
        from chainrule.training.building import as_problem

        return as_problem(self, x, t, rate, title)

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

    described: Mapping[str, Any]  # as a file says it

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
        told = {
            "layers": layers, "activation": activation, "loss": loss, "init": init, "seed": seed, "dtype": dtype,
            "bias": bias, "notation": notation,
        }  # fmt: skip
        from chainrule.training.quick import start_of

        self.told = told
        self.start = start_of(told)
        if self.start is None:
            self._build(told)

    def _build(self, told: Mapping[str, Any]) -> None:
        from chainrule.training.building import layered_model

        own = {name: told[name] for name in ("init", "seed", "dtype")}
        arguments, self.described = layered_model(**{name: told[name] for name in told if name not in own})
        super().__init__(**arguments, **own)

    def __getattr__(self, name: str) -> Any:
        """What is not there yet, of a network that is known from another process: now all of it is built."""
        with _building:
            start = self.__dict__.get("start")
            if start is None or name.startswith("__"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.start = None
            self._build(self.told)
            start.hand_over(self._parameters)
        return getattr(self, name)
