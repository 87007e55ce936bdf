"""Hostile texts for the formula parser. By hand: python tests/fuzz_formula.py 100000"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator

from chainrule.errors import ChainruleError
from chainrule.formula import parse_definitions, parse_expression
from chainrule.formula.render import render

SEEDS = (
    "1/2*(t1 - out_o1)^2",
    "sigmoid(w1*x1 + w2*x2 + b1)",
    "d(dE/dw1)/dw2 + dE/dW1[2,1] - dE{1}/dw1 (direct)",
    "∂E/∂w5 × Δw5 ÷ ½·√(x²) − σ'(h1)",
    "(dE/dw1)@3*w5'' - E@100 + W1 @ x",
    "where(x >= .05, [a, b][1], 57.7%)*4.4e-4^-x**2",
    "a = 1 # one\nb = (a +\n 2); c = delta(b)\n",
    "1/2(t - o)^2 (x)(y) 2x o1{2}",
)
PARTS = (
    *"()[]{}+-*/^@,=<>!'#;%.0129eEdxw_ \n½²⁻√∂Δσ′−×÷≤≠\0\u200b\ud800\u0301",
    "**",
    "d(",
    "dE/dw",
    "@3",
    "1e",
    "/d",
)


def random_bytes(seed: int) -> Iterator[str]:
    draw = random.Random(seed)
    while True:
        yield draw.randbytes(draw.randrange(60)).decode("utf-8", draw.choice(("replace", "surrogateescape")))


def mutated_formulas(seed: int) -> Iterator[str]:
    draw = random.Random(seed)
    while True:
        text = draw.choice(SEEDS)
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(text) + 1)
            upto = min(len(text), at + draw.choice((0, 0, 1, 3, 9)))
            other = draw.choice(SEEDS)
            start = draw.randrange(len(other))
            text = text[:at] + draw.choice((draw.choice(PARTS), other[start : start + 9], "")) + text[upto:]
        yield text


def read(text: str) -> int:
    """How many of the readings succeed; whatever fails must fail with a ChainruleError of one line."""
    known = frozenset({"E", "w", "w1", "x", "y", "o", "d", "dE", "dw", "step"}).__contains__
    done = 0
    for names in (None, known):
        for implicit in (False, True):
            done += succeeds(lambda names=names, implicit=implicit: read_twice(text, names, implicit))
    return done + succeeds(lambda: parse_definitions(text, known=known))


def read_twice(text: str, known: Callable[[str], bool] | None, implicit: bool) -> None:
    printed = render(parse_expression(text, known=known, implicit_products=implicit).tree)
    try:
        again = render(parse_expression(printed, known=known, implicit_products=implicit).tree)
    except ChainruleError as error:
        raise AssertionError((text, printed, str(error))) from error
    assert printed == again, (text, printed, again)


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ChainruleError as error:
        message = str(error)
        located = error.place is not None
    else:
        return True
    assert located
    assert "\n" not in message
    return False


def main(count: int) -> None:
    for texts in (random_bytes(1), mutated_formulas(2)):
        start = time.perf_counter()
        readable = sum(read(next(texts)) > 0 for _ in range(count))
        print(f"{count} texts, {readable} of them readable, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
