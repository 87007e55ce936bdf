"""Small plain training runs, started in no time: without NumPy, and what could be worked out before is read from disk.

The result has the same bits as that of `run`. A network's shapes, the law of its first weights, where they lie in the
kernel's memory, and the kernel are worked out by `known` once; where they are kept, neither LLVM nor a graph is needed.
Whatever is unusual - in what is asked for, in the numbers, or in what comes out - is left to `run`, from the start.
"""

from __future__ import annotations

import gc
import sys
from time import perf_counter

TYPE_CHECKING = False  # what only types need is not loaded
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from chainrule.targets.llvm.machine import Compiled
    from chainrule.targets.native.load import Loaded
    from chainrule.training.history import History
    from chainrule.training.model import Model
    from chainrule.training.parameters import Parameters
    from chainrule.training.rules import Rule

    class PlainRule(Rule):
        """A rule that its name and its rate tell all of."""

        plain: tuple[str, float]


MOST_NUMBERS = 5_000  # of parameters, or of examples; from here on NumPy pays
MOST_ROWS = 128  # in an epoch
SECONDS = 0.2  # of processor time; after that, a run is not a short one
FAR = 20.0  # no input is larger in size, or a person might be told something
FIRST, PAUSE = 256, 0.02  # rows of the first call, seconds of the others
_BUILDS = "chainrule.training.parameters"  # where the arrays of a built network are
_PLAIN = {
    "stop": None, "change": None, "patience": None, "validation": None, "updates": None, "seconds": None, "l1": 0.0,
    "l2": 0.0, "dropout": 0.0, "keep": None, "engine": "native", "precise": True, "threads": 1,
}  # fmt: skip


class Start:
    """A network that is not built, because what training needs of it is known; and its numbers, once asked for."""

    __slots__ = ("key", "known", "told", "values")

    def __init__(self, told: Mapping[str, Any], key: str, known: Mapping[str, Any]) -> None:
        self.told, self.key, self.known = told, key, known
        self.values: dict[str, list[float]] | None = None

    def parameters(self) -> dict[str, list[float]]:
        """The values of all parameters as they are now, row by row."""
        if self.values is None:
            self.values = {name: first_values(law, self.told["seed"], name) for name, *law in self.known["laws"]}
        return self.values

    def hand_over(self, parameters: Parameters) -> None:
        """Put the values into the parameters of the network, now that it is built."""
        for name, values in (self.values or {}).items():
            parameters[name].flat[:] = values


def start_of(told: Mapping[str, Any]) -> Start | None:
    """A layered network by its arguments, if it is small and plain; None if it is to be built.

    That is so in a process that has built one, because all that it takes is loaded then.
    """
    if _BUILDS in sys.modules or not (type(told["seed"]) is int and 0 <= told["seed"] < 1 << 64):
        return None
    key = network_key(told)
    known = kept(key) if key is not None else None
    if key is not None and known is None:
        with _Loading():
            from chainrule.training.known import known_network

            known = known_network(told, key)
    return Start(told, key, known) if key is not None and known is not None else None


def network_key(told: Mapping[str, Any]) -> str | None:
    """What is known of a network is kept under this key, whatever its seed; None where arguments are no plain ones."""
    from chainrule.targets.native.host import COMPILER, processor
    from chainrule.targets.native.store import key_of

    parts = [told["layers"], told["activation"], *[told[name] for name in sorted(told) if name not in _OTHERS]]
    if not all(map(_is_plain, parts)):
        return None
    lists = [list(part) if isinstance(part, tuple) else part for part in parts]
    return key_of("network", COMPILER, processor() or "", sys.implementation.cache_tag or "", repr(lists))


_OTHERS = ("layers", "activation", "seed")


def _is_plain(value: object) -> bool:
    if type(value) in (list, tuple):
        return all(type(one) in (int, str) for one in value)  # type: ignore[attr-defined]
    return type(value) in (str, bool)


def kept(key: str) -> Any:
    """What JSON is kept under a key; None if none is."""
    from chainrule.targets.native.store import read

    data = read(key)
    return None if data is None else _from_json(data.decode())


def _from_json(text: str) -> Any:
    try:
        from _json import make_scanner  # the part of `json` that does the work; the rest loads far more
    except ImportError:
        import json

        return json.loads(text)
    return make_scanner(_Reading)(text, 0)[0]  # type: ignore[arg-type]


class _Reading:
    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float


def first_values(law: Sequence[Any], seed: int, name: str) -> list[float]:
    """The values `initialise.draw` gives a parameter, row by row."""
    from chainrule.randomness import counter_of, normal, parameter_key, uniforms

    count, shape, a, b = law
    key = parameter_key(seed, name)
    if shape == "uniform":
        return [min(b, a + (b - a) * u) for u in uniforms(key, count)]
    if shape == "normal":
        return [a + b * normal(key, counter_of(number)) for number in range(count)]
    return [a] * count


def trained(model: Model, X: Any, T: Any, asked: Mapping[str, Any]) -> History | None:
    """Train a network that is known, as `loop.train` does; None, and nothing is changed, where `run` has to do it."""
    start: Start | None = model.__dict__.get("start")
    rule = plain_rule(asked) if start is not None else None
    if start is None or rule is None:
        return None
    inputs, targets = _numbers(X, start.known["inputs"]), _numbers(T, start.known["outputs"])
    if inputs is None or targets is None:
        return None
    count = len(inputs) // start.known["inputs"]
    batch = min(count, asked["batch"] if asked["batch"] != "all" else count)
    low, high = start.known["reach"]
    shuffled = asked["shuffle"] and asked["batch"] != "all" and count > 1
    if (
        len(targets) != count * start.known["outputs"]
        or count > MOST_ROWS
        or count % batch
        or max(map(abs, inputs)) > FAR
        or not low <= min(targets) <= max(targets) <= high
        or (shuffled and count * asked["epochs"] > 1000)
        or not _is_at_ease(start, max(map(abs, inputs)))
    ):
        return None
    began = perf_counter()
    found = _recipe_and_code(start, rule, asked, batch, count)
    if found is None:
        return None
    from chainrule.training.quick_run import run_quickly

    order = _Order(count, asked["seed"] if shuffled else None)
    return run_quickly(start, *found, (inputs, targets), order, batch, rule.plain[1], asked, began)


def _recipe_and_code(
    start: Start, rule: PlainRule, asked: Mapping[str, Any], batch: int, count: int
) -> tuple[Mapping[str, Any], Loaded | Compiled] | None:
    """What it takes to call a kernel, and the kernel, as they were kept, or made."""
    from chainrule.training.haste import LIMIT, lost_in_haste

    online = (count if asked["batch"] == "all" else asked["batch"]) == 1
    rows, numbers = asked["epochs"] * count, sum([law[1] for law in start.known["laws"]])
    lost = lost_in_haste(rows / batch, rows, numbers)
    for hasty in (False, True)[: 1 + (lost <= LIMIT)]:
        key = run_key(start.key, rule, online, batch, asked["over"], hasty)
        recipe = kept(key)
        if recipe is not None:
            from chainrule.targets.native.kernels import kept_code

            code = kept_code(recipe["code"])
            if code is not None:
                return recipe, code
    with _Loading():
        from chainrule.training.known_run import known_run

        return known_run(
            start.told, start.parameters(), rule, key, batch=batch, online=online, over=asked["over"], lost=lost
        )


def plain_rule(asked: Mapping[str, Any]) -> PlainRule | None:
    """The update rule of a run that is as plain as can be; None for any other."""
    from chainrule.training.rules import Rule, as_rule

    for name, plain in _PLAIN.items():
        if type(asked[name]) is not type(plain) or asked[name] != plain:
            return None
    if asked["progress"] or asked["over"] not in ("sum", "mean") or type(asked["shuffle"]) is not bool:
        return None
    batch, whole = asked["batch"], (asked["epochs"], asked["seed"])
    if any(type(n) is not int or n < 0 for n in whole) or not asked["epochs"] or asked["seed"] >> 64:
        return None
    if batch != "all" and (type(batch) is not int or batch < 1):
        return None
    rule = asked["optimizer"]
    if type(rule) is str and rule != "lbfgs":
        rule = as_rule(rule)
    return rule if type(rule) is Rule and rule.plain and rule.plain[0] != "rprop" else None  # type: ignore[return-value]


def run_key(network: str, rule: PlainRule, online: bool, batch: int, over: str, hasty: bool) -> str:
    """What it takes to run a plain training is kept under this key."""
    from chainrule.targets.native.store import key_of

    return key_of("run", network, rule.plain[0], str(online), str(batch), over, str(hasty))


def _numbers(data: Any, width: int) -> list[float] | None:
    """Rows of plain numbers one after the other; None for anything else."""
    if type(data).__name__ == "ndarray" and data.dtype.kind in "iuf" and data.size <= MOST_NUMBERS:
        data = data.tolist()
    if type(data) not in (list, tuple) or not data:
        return None
    rows = [(row,) for row in data] if width == 1 and type(data[0]) in (int, float) else data
    found: list[float] = []
    for row in rows:
        if type(row) not in (list, tuple) or len(row) != width:
            return None
        found += row
    plain = len(found) <= MOST_NUMBERS and all(type(x) in (int, float) and -1000 <= x <= 1000 for x in found)
    return [float(x) for x in found] if plain else None


def _is_at_ease(start: Start, largest: float) -> bool:
    """Whether no hidden unit can be saturated at the start: then there is nothing to tell a person before training."""
    values = start.parameters()
    for weight, bias, units, limit in start.known["hidden"]:
        rows, width = values[weight], len(values[weight]) // units
        for unit in range(units):
            total = sum([abs(w) for w in rows[unit * width : (unit + 1) * width]])
            if largest * total + (abs(values[bias][unit]) if bias else 0.0) > limit:
                return False
        largest = 1.0
    return True


class _Loading:
    """The cyclic collector paused while modules are loaded, which are there to stay, so that they count as old at once.

    That is once in a process: nothing of others stays uncollected for long. Without it, collections are 4 percent of
    the instructions of XOR from nothing.
    """

    __slots__ = ("_running",)

    def __enter__(self) -> None:
        self._running = gc.isenabled()
        gc.disable()

    def __exit__(self, *failed: object) -> None:
        if self._running:
            if not gc.get_freeze_count():  # what a program has frozen stays so
                gc.freeze()
                gc.unfreeze()  # to the oldest generation
            gc.enable()


class _Order:
    """The numbers of the rows, epoch by epoch: as given, or shuffled as in `order.order_of_epoch`."""

    __slots__ = ("count", "seed")

    def __init__(self, count: int, seed: int | None) -> None:
        self.count, self.seed = count, seed

    def epochs(self, first: int, number: int) -> bytes:
        """Those of some epochs, from number `first` on, as a kernel takes them."""
        from struct import pack

        if self.seed is None:
            return pack(f"{self.count}q", *range(self.count)) * number
        from chainrule.randomness import fold, fold_text, permutation, seed_key

        key, epochs = fold_text(seed_key(self.seed), "shuffle"), range(first, first + number)
        return b"".join([pack(f"{self.count}q", *permutation(fold(key, epoch), self.count)) for epoch in epochs])
