"""Random problems by formulas: quantities that share others, skip connections, products, quotients, max and exp."""

from __future__ import annotations

from random import Random

from tests.exam.exercise import Backward, Exercise, Step, backward, exact_values, rate_as, update
from tests.exam.networks import some_number
from tests.exam.trees import (
    HALF,
    ONE,
    ZERO,
    Call,
    Negative,
    Power,
    Product,
    Quotient,
    Sum,
    Tree,
    Use,
    names_in,
    render,
)

NAMES = ("u", "v", "p", "q", "r", "s", "h", "k", "m", "n")


def dag(rng: Random) -> Exercise:
    """Three to eight quantities, each of one or two before it, and an error. Raises Unfit: draw again."""
    inputs = ["x", "y"][: rng.randint(1, 2)] if rng.random() < 0.5 else ["x1", "x2"]
    weights = [f"w{i}" for i in range(1, rng.randint(2, 4))] + (["b"] if rng.random() < 0.6 else [])
    numbers = {name: some_number(rng, 2) for name in [*inputs, "t", *weights]}
    definitions: list[Step] = []
    free = list(weights)
    names = rng.sample(NAMES, rng.randint(3, 8))
    for name in names:
        while_unused = [free.pop(0)] if free else []
        definitions.append(Step(name, _formula(rng, [d.label for d in definitions], while_unused, inputs), "value"))
    unused = [d.label for d in definitions if not any(d.label in names_in(e.formula) for e in definitions)]
    leftover = [w for w in weights if not any(w in names_in(d.formula) for d in definitions)]
    result: list[Tree] = [Use(name) for name in unused]
    result += [Product((Use(w), Use(rng.choice(inputs)))) for w in leftover]
    out = "o" if rng.random() < 0.7 else "z"
    body: Tree = Sum(tuple(result)) if len(result) > 1 else result[0]
    if rng.random() < 0.4:
        definitions += [Step("a", body, "net"), Step(out, Call(rng.choice(["sigmoid", "tanh"]), (Use("a"),)), "output")]
    else:
        definitions.append(Step(out, body, "value"))
    difference = Sum((Use("t"), Negative(Use(out))) if rng.random() < 0.6 else (Use(out), Negative(Use("t"))))
    half = rng.random() < 0.6
    error: Tree = Power(difference, 2)
    definitions.append(Step("E", Product((HALF, error)) if half else error, "error"))
    used = {name for d in definitions for name in names_in(d.formula)}
    numbers = {name: text for name, text in numbers.items() if name in used}
    rate = rng.choice(["0.5", "0.1", "0.2", "0.05", "0.01"])
    rate_name = rng.choice(["rate", "η", ""])
    chosen = [w for w in weights if w in used]
    inline = {d.label for d in definitions[:-1] if rng.random() < 0.1}
    how = Backward(
        label=lambda name: f"dE/d{name}", inline=inline, slope_first=rng.random() < 0.3, primes=rng.random() < 0.2
    )
    steps, reference = backward(definitions, "E", chosen, numbers, how)
    if rate_name:
        numbers[rate_name] = rate
    updates = [update(w, reference[w], rate_as(rate_name, rate)) for w in chosen if reference[w] != ZERO]
    everything = [*definitions, *steps.values(), *updates]
    exact_values(numbers, everything)
    formulas = "\n".join(f"{d.label} = {render(d.formula)}" for d in definitions)
    given = "\n".join(f"{name} = {numbers[name]}" for name in [*inputs, "t"] if name in numbers)
    learns = "\n".join(f"{name} = {numbers[name]}" for name in chosen)
    return Exercise(
        head=f"title = \"Formulas\"\nminimise = \"E\"\nrate = {rate}\nformulas = '''\n{formulas}\n'''\n",
        tables=f"[given]\n{given}\n\n[parameters]\n{learns}\n",
        numbers=numbers,
        steps=tuple(everything),
        targets=("t",),
        nets={out: "a"} if any(d.kind == "output" for d in definitions) else {},
    )


def _formula(rng: Random, before: list[str], weight: list[str], inputs: list[str]) -> Tree:
    """A formula of quantities before, or of a weight and an input."""
    a: Tree = Use(rng.choice([*before[-3:], *inputs]) if before else rng.choice(inputs))
    b: Tree = Use(weight[0] if weight else rng.choice([*before, *inputs]))
    c: Tree = Use(rng.choice([*before, *inputs]))
    if a == b:
        return rng.choice([Power(a, 2), Sum((a, Power(a, 2)))])
    pair = Product((b, a))
    choices = [
        pair,
        pair,
        Sum((pair, c)),
        Sum((a, Negative(b))),
        Sum((a, b)),
        Product((a, b, c)) if c not in (a, b) else pair,
        Call("exp", (Negative(pair),)),
        Power(Sum((a, Negative(b))), 2),
        Quotient(a, Sum((ONE, Power(b, 2)))),
        Quotient(pair, Sum((ONE, Power(c, 2)))) if c not in (a, b) else Sum((pair, ONE)),
        Call("max", (a, b)),
        Call("tanh", (pair,)),
        Call("sigmoid", (Sum((a, b)),)),
    ]
    return rng.choice(choices)
