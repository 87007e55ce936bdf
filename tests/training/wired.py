"""Networks to train whose units are wired at random, and the names of all update rules."""

from __future__ import annotations

from random import Random

from chainrule.training.model import Model

RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "rprop", "quickprop")


def random_network(random: Random) -> Model:
    """Units wired at random: each is fed by one to three inputs or units before it."""
    inputs = [f"x{k}" for k in range(random.randint(1, 3))]
    before, lines, weights = list(inputs), [], []
    for unit in range(random.randint(2, 7)):
        sources = random.sample(before, min(len(before), random.randint(1, 3)))
        own = [f"w{unit}_{k}" for k in range(len(sources) + 1)]
        net = " + ".join([own[0], *(f"{w}*{source}" for w, source in zip(own[1:], sources, strict=True))])
        lines.append(f"u{unit} = {random.choice(['sigmoid', 'tanh', 'softplus', 'gelu', 'sin'])}({net})")
        before.append(f"u{unit}")
        weights += own
    lines.append(f"E = 1/2*(t - {before[-1]})^2")
    used = [name for name in inputs if any(f"*{name}" in line for line in lines)]
    return Model(
        "\n".join(lines), inputs=used, targets=["t"], parameters=weights, seed=random.randint(0, 99),
        minimise="E",
    )  # fmt: skip
