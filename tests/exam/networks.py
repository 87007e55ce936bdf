"""Random layered networks, in the four notations of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.exam.exercise import Backward, Exercise, Step, Unfit, backward, exact_values, rate_as, update
from tests.exam.trees import HALF, ONE, Call, Negative, Number, Power, Product, Quotient, Sum, Tree, Use, total

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "linear")
LOSSES = (
    "half squared error", "squared error", "mean squared error", "absolute error", "binary cross entropy",
    "cross entropy",
)  # fmt: skip
NOTATIONS = ("matrix", "nptel", "numbered", "mitchell")
MOST_WEIGHTS = 8  # that get lines of their own: nobody writes out sixty


@dataclass(frozen=True, slots=True)
class Names:
    """What the units and weights of one network are called; layers, units and sources as in the contract, section 4."""

    notation: str
    layers: tuple[int, ...]

    @property
    def last(self) -> int:
        return len(self.layers) - 1

    def serial(self, layer: int, unit: int) -> int:
        return sum(self.layers[:layer]) + unit

    def prefix(self, layer: int) -> str:
        return "o" if layer == self.last else "gh"[layer - self.last + 2]

    def input(self, unit: int) -> str:
        return {"matrix": f"x[{unit}]", "nptel": f"x0_{unit}", "numbered": f"x{unit}", "mitchell": f"x_{unit}"}[
            self.notation
        ]

    def target(self, unit: int) -> str:
        number = self.serial(self.last, unit)
        return {"matrix": f"t[{unit}]", "nptel": f"t_{unit}", "numbered": f"t{unit}", "mitchell": f"t_{number}"}[
            self.notation
        ]

    def net(self, layer: int, unit: int) -> str:
        return {
            "matrix": f"z{layer}[{unit}]",
            "nptel": f"theta{layer}_{unit}",
            "numbered": f"{self.prefix(layer)}{unit}",
            "mitchell": f"net_{self.serial(layer, unit)}",
        }[self.notation]

    def output(self, layer: int, unit: int) -> str:
        if layer == 0:
            return self.input(unit)
        return {
            "matrix": f"a{layer}[{unit}]",
            "nptel": f"x{layer}_{unit}",
            "numbered": f"out_{self.prefix(layer)}{unit}",
            "mitchell": f"o_{self.serial(layer, unit)}",
        }[self.notation]

    def weight(self, layer: int, unit: int, source: int) -> str:
        before = sum(a * b for a, b in zip(self.layers[: layer - 1], self.layers[1:layer], strict=True))
        return {
            "matrix": f"W{layer}[{unit},{source}]",
            "nptel": f"W{layer}_{source}{unit}",
            "numbered": f"w{before + (unit - 1) * self.layers[layer - 1] + source}",
            "mitchell": f"w_{self.serial(layer, unit)}{self.serial(layer - 1, source)}",
        }[self.notation]

    def bias(self, layer: int, unit: int) -> str:
        return {
            "matrix": f"b{layer}[{unit}]",
            "nptel": f"W{layer}_0{unit}",
            "numbered": f"b{sum(self.layers[1:layer]) + unit}",
            "mitchell": f"w_{self.serial(layer, unit)}0",
        }[self.notation]

    def delta(self, layer: int, unit: int) -> str:
        return {
            "matrix": f"delta(z{layer}[{unit}])",
            "nptel": f"delta{layer}_{unit}",
            "numbered": f"delta_{self.prefix(layer)}{unit}",
            "mitchell": f"delta_{self.serial(layer, unit)}",
        }[self.notation]


def network(rng: Random) -> Exercise:
    """A network of one to three layers of weights, at most four units wide. Raises Unfit: draw again."""
    layers = tuple(rng.choices((1, 2, 3, 4), (1, 3, 2, 1))[0] for _ in range(rng.choice((2, 3, 3, 3, 4))))
    notation = rng.choice(NOTATIONS)
    loss = rng.choice(LOSSES)
    if (notation == "mitchell" and sum(layers) > 9) or (loss == "cross entropy" and layers[-1] == 1):
        raise Unfit("names of two digits, or a softmax of one")
    names = Names(notation, layers)
    activation = [rng.choice(ACTIVATIONS) for _ in layers[1:]]
    if loss == "binary cross entropy":
        activation[-1] = "sigmoid"
    if loss == "cross entropy":
        activation[-1] = "softmax"
    per_layer = notation == "numbered" and rng.random() < 0.4
    biased = rng.random() < 0.85
    numbers = _numbers(rng, names, loss, activation[-1], biased, per_layer)
    one = f"x{0}_0" if notation == "nptel" and biased and rng.random() < 0.3 else None
    forward = [*_forward(names, activation, biased, per_layer, one is not None), *_error(names, loss)]
    if one is not None:
        numbers |= {f"x{k}_0": "1" for k in range(names.last)}
    rate = rng.choice(["0.5", "0.1", "1", "0.3", "0.05", "0.25", "0.01"])
    rate_name = rng.choice(["rate", "η", "", ""])
    if rate_name:
        numbers[rate_name] = rate
    steps = _steps(rng, names, forward, numbers, activation[-1], loss, biased, per_layer, rate_as(rate_name, rate))
    exact_values(numbers, steps)
    return Exercise(
        head=f'title = "A network, {notation}"\nminimise = "E"\nrate = {rate}\n',
        tables=_tables(names, activation, loss, biased, per_layer, numbers),
        numbers=numbers,
        steps=tuple(steps),
        targets=tuple([names.target(j) for j in range(1, layers[-1] + 1)]),
        nets={names.output(k, j): names.net(k, j) for k in range(1, len(layers)) for j in range(1, layers[k] + 1)},
    )


def some_number(rng: Random, largest: float) -> str:
    """A number of one to three digits, not nought."""
    places = rng.choice((1, 1, 2, 2, 3))
    found = 0.0
    while not found:
        found = round(rng.uniform(-largest, largest), places)
    return f"{found:.{places}f}".rstrip("0").rstrip(".")


def _numbers(rng: Random, names: Names, loss: str, last: str, biased: bool, per_layer: bool) -> dict[str, str]:
    """The givens and parameters by name."""
    layers = names.layers
    numbers = {names.input(i): some_number(rng, 1.5) for i in range(1, layers[0] + 1)}
    numbers |= dict(
        zip([names.target(j) for j in range(1, layers[-1] + 1)], _targets(rng, layers[-1], loss, last), strict=True)
    )
    for k in range(1, len(layers)):
        for j in range(1, layers[k] + 1):
            numbers |= {names.weight(k, j, i): some_number(rng, 1.6) for i in range(1, layers[k - 1] + 1)}
            if biased and not per_layer:
                numbers[names.bias(k, j)] = some_number(rng, 1)
        if biased and per_layer:
            numbers[f"b{k}"] = some_number(rng, 1)
    return numbers


def _targets(rng: Random, count: int, loss: str, last: str) -> list[str]:
    if loss == "cross entropy":
        if rng.random() < 0.7:
            hot = rng.randrange(count)
            return ["1" if j == hot else "0" for j in range(count)]
        shares = [rng.randint(1, 4) for _ in range(count - 1)]
        return (
            [*(f"0.{share}" for share in shares), f"0.{10 - sum(shares)}"]
            if sum(shares) < 10
            else ["1", *["0"] * (count - 1)]
        )
    if loss == "binary cross entropy" or last in ("sigmoid", "softplus"):
        return [rng.choice(["0", "1", "0.1", "0.9", "0.01", "0.99", "0.2", "0.75"]) for _ in range(count)]
    return [rng.choice(["0", "1", "-1", some_number(rng, 1.5)]) for _ in range(count)]


def _forward(names: Names, activation: Sequence[str], biased: bool, per_layer: bool, one: bool) -> list[Step]:
    steps = []
    for k in range(1, len(names.layers)):
        units = range(1, names.layers[k] + 1)
        for j in units:
            terms: list[Tree] = []
            for i in range(1, names.layers[k - 1] + 1):
                pair = [Use(names.weight(k, j, i)), Use(names.output(k - 1, i))]
                terms.append(Product(tuple(pair)))
            if biased:
                bias: Tree = Use(f"b{k}" if per_layer else names.bias(k, j))
                bias = Product((bias, Use(f"x{k - 1}_0"))) if one else bias
                terms = [bias, *terms] if names.notation == "nptel" else [*terms, bias]
            steps.append(Step(names.net(k, j), total(*terms), "net"))
        nets = [Use(names.net(k, j)) for j in units]
        for j in units:
            net = nets[j - 1]
            match activation[k - 1]:
                case "linear":
                    formula: Tree = net
                case "softmax":
                    formula = Quotient(Call("exp", (net,)), Sum(tuple([Call("exp", (n,)) for n in nets])))
                case function:
                    formula = Call(function, (net,))
            steps.append(Step(names.output(k, j), formula, "output"))
    return steps


def _error(names: Names, loss: str) -> list[Step]:
    units = range(1, names.layers[-1] + 1)
    terms = []
    for j in units:
        o, t = Use(names.output(names.last, j)), Use(names.target(j))
        difference = Sum((o, Negative(t)) if names.notation == "nptel" else (t, Negative(o)))
        match loss:
            case "absolute error":
                terms.append(Call("abs", (difference,)))
            case "binary cross entropy":
                other = Product((Sum((ONE, Negative(t))), Call("ln", (Sum((ONE, Negative(o))),))))
                terms.append(Sum((Product((t, Call("ln", (o,)))), other)))
            case "cross entropy":
                terms.append(Product((t, Call("ln", (o,)))))
            case _:
                terms.append(Power(difference, 2))

    def whole(parts: Sequence[Tree]) -> Tree:
        summed = Sum(tuple(parts)) if len(parts) > 1 else parts[0]
        match loss:
            case "half squared error":
                return Product((HALF, summed))
            case "mean squared error" if len(units) > 1:
                return Product((Quotient(ONE, Number(str(len(units)))), summed))
            case "binary cross entropy" | "cross entropy":
                return Negative(summed)
        return summed

    if names.notation == "numbered" and len(terms) > 1 and loss != "mean squared error":
        parts = [Step(f"E{j}", whole([term]), "error") for j, term in enumerate(terms, 1)]
        return [*parts, Step("E", Sum(tuple([Use(part.label) for part in parts])), "error")]
    return [Step("E", whole(terms), "error")]


def _steps(
    rng: Random, names: Names, forward: list[Step], numbers: dict[str, str], last: str, loss: str, biased: bool,
    per_layer: bool, rate: Tree,
) -> list[Step]:  # fmt: skip
    """Forward pass, deltas, weight derivatives and updates, the latter two for some of the weights only."""
    layers = names.layers
    units = [(k, j) for k in range(names.last, 0, -1) for j in range(1, layers[k] + 1)]
    order = [
        name(k, j)
        for k in range(names.last, 0, -1)
        for name in (names.output, names.net)
        for j in range(1, layers[k] + 1)
    ]
    nets, outputs = {names.net(k, j): (k, j) for k, j in units}, {names.output(k, j) for k, j in units}
    of_layer: dict[str, int] = {}
    for k in range(1, len(layers)):
        for j in range(1, layers[k] + 1):
            of_layer |= {names.weight(k, j, i): k for i in range(1, layers[k - 1] + 1)}
            if biased:
                of_layer[f"b{k}" if per_layer else names.bias(k, j)] = k
    chosen = [w for w in of_layer if w in rng.sample(list(of_layer), min(len(of_layer), rng.randint(2, MOST_WEIGHTS)))]
    by_deltas = names.notation in ("nptel", "mitchell") or rng.random() < 0.5
    plain = not by_deltas and names.notation != "mitchell" and rng.random() < 0.5

    def label(name: str) -> str:
        return names.delta(*nets[name]) if name in nets and not plain else f"dE/d{name}"

    closed: dict[str, Tree] = {}
    if last == "softmax" or (loss == "binary cross entropy" and rng.random() < 0.6):
        for j in range(1, layers[-1] + 1):
            difference = Sum((Use(names.output(names.last, j)), Negative(Use(names.target(j)))))
            closed[names.net(names.last, j)] = difference
    inline = set(outputs) if by_deltas else {names.output(names.last, j) for j in range(1, layers[-1] + 1) if closed}
    how = Backward(
        label=label,
        inline={*inline, *(chosen if rng.random() < 0.25 else ())},
        negative=set(nets) if names.notation == "mitchell" else (),
        closed=closed,
        slope_first=names.notation in ("nptel", "mitchell") or rng.random() < 0.3,
        primes=rng.random() < 0.2,
    )
    steps, reference = backward(forward, "E", chosen, numbers, how)
    updates = {w: update(w, reference[w], rate) for w in chosen if reference[w] != Number("0")}
    deltas = {name: steps[name] for name in order if name in steps}
    if rng.random() < 0.5:  # layer by layer, weights updated at once
        result = list(forward)
        for k in range(names.last, 0, -1):
            mine = [w for w in chosen if of_layer[w] == k]
            units_of = {names.net(k, j) for j in range(1, layers[k] + 1)} | {
                names.output(k, j) for j in range(1, layers[k] + 1)
            }
            result += [step for name, step in deltas.items() if name in units_of]
            result += [steps[w] for w in mine if w in steps] + [updates[w] for w in mine if w in updates]
        return result
    weights = [steps[w] for w in chosen if w in steps]
    return [*forward, *deltas.values(), *weights, *updates.values()]


def _tables(
    names: Names, activation: Sequence[str], loss: str, biased: bool, per_layer: bool, numbers: dict[str, str]
) -> str:
    layers = names.layers
    same = len(set(activation)) == 1
    spoken = f'"{activation[0]}"' if same else "[" + ", ".join(f'"{name}"' for name in activation) + "]"
    lines = ["[network]", f"layers = {list(layers)}", f"activation = {spoken}", f'loss = "{loss}"']
    lines.append(f'notation = "{names.notation}"')
    if not biased or per_layer:
        lines.append('bias = "per layer"' if biased else "bias = false")
    lines += ["", "[given]", f"x = [{', '.join(numbers[names.input(i)] for i in range(1, layers[0] + 1))}]"]
    lines += [f"t = [{', '.join(numbers[names.target(j)] for j in range(1, layers[-1] + 1))}]", "", "[parameters]"]
    for k in range(1, len(layers)):
        rows = []
        for j in range(1, layers[k] + 1):
            row = [numbers[names.weight(k, j, i)] for i in range(1, layers[k - 1] + 1)]
            bias = [numbers[f"b{k}" if per_layer else names.bias(k, j)]] if biased else []
            rows.append(f"[{', '.join([*bias, *row])}]")
        lines.append(f"W{k} = [{', '.join(rows)}]")
    return "\n".join(lines) + "\n"
