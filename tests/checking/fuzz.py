"""Hostile workings for `check`. By hand: python -m tests.checking.fuzz 50000

Workings of the lectures and of small problems are cut, doubled and mixed. A file may be refused with an error of ours;
what is loaded must be judged, whatever it says.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chainrule.errors import ChainruleError
from chainrule.problem import loads

LECTURES = Path(__file__).parent.parent / "lectures"
SMALL = Path(__file__).parent / "fuzz_seeds"
WORKING = re.compile(r"^working *= *'''\n(.*?)'''\n", re.DOTALL | re.MULTILINE)
PARTS = (
    *"()[]{}+-*/^@,=<>!'#;%.0129eEdxwt_ \n½²⁻√∂Δση′−×÷≤≠≈\0\u200b\u0301",
    *("**", "d(", "/d", "@3", "@40", "1e", "...", "…", " => ", " <- ", " = ", " ≈ ", "\n", "*10^-4", "%", "{1}", "{9}"),
    *("E", "dE/d", "delta", "w1'", "Δw1", "0", "-0.00", "1e400", "1e-400", "10^-9999", "0.5", "999999999999", "1/0"),
    *("sqrt(2)^2", "exp(log(3))", "sigmoid'(", "sum(", "max(", "[1, 2]", " for j in 1..2", "where(1 < 2, 3, 4)"),
    *("log(0)", "(direct)", "0^0", "^-1", "2^2^2^2", "sqrt(-1)", "norm([1,2])", "W1", "x", "e^", "pi", "E@1000"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seed:
    """A problem file in two parts round its working, and the lines of the working."""

    before: str
    after: str
    lines: tuple[str, ...]

    def with_working(self, lines: list[str]) -> str:
        return f"{self.before}working = '''\n" + "\n".join(lines) + f"'''\n{self.after}"


@cache
def seeds() -> tuple[Seed, ...]:
    """The small problems several times, the lectures, which take longer, once."""
    files = [*sorted(SMALL.glob("*.toml")) * 6, *sorted(LECTURES.glob("*.toml"))]
    found = [(path.read_text("utf-8"), path) for path in files]
    return tuple([_seed(text) for text, path in found if WORKING.search(text)])


def _seed(text: str) -> Seed:
    working = WORKING.search(text)
    assert working is not None
    lines = [re.sub(r" *#.*", "", line) for line in working[1].splitlines()]
    return Seed(text[: working.start()], text[working.end() :], tuple([line for line in lines if line.strip()]))


def mutated(text: str, other: str, draw: random.Random) -> str:
    """A text with up to four pieces replaced by others."""
    for _ in range(draw.choice((0, 1, 1, 1, 2, 2, 4))):
        at = draw.randrange(len(text) + 1)
        upto = min(len(text), at + draw.choice((0, 0, 1, 1, 3, 9)))
        start = draw.randrange(len(other) + 1)
        new = draw.choice((draw.choice(PARTS), other[start : start + draw.choice((3, 9, 30))], "", text[at:upto] * 2))
        text = text[:at] + new + text[upto:]
    return text


def files(seed: int) -> Iterator[str]:
    """Problem files with hostile workings; one in twelve is hostile outside of it, too."""
    draw = random.Random(seed)
    while True:
        base = draw.choice(seeds())
        lines = [draw.choice(base.lines) for _ in range(draw.choice((1, 1, 2, 3)))]
        lines = [mutated(line, draw.choice(base.lines), draw).replace("'''", "''") for line in lines]
        text = base.with_working(lines)
        yield mutated(text, text, draw) if draw.randrange(12) == 0 else text


def judge(text: str, *, shown: bool = True) -> str:
    """What becomes of a file: it is refused, or every link has a verdict and what cannot be read has a place."""
    try:
        problem = loads(text)
    except ChainruleError:
        return "refused"
    report = problem.check()
    document = report.as_json()
    json.dumps(document, allow_nan=False)
    last = text.count("\n") + 2
    for row in (*document["links"], *document["unread"]):
        assert 1 <= row["line"] <= last, row
        assert row["column"] >= 1, row
    for row in document["unread"]:
        assert row["reason"], row
        assert "\n" not in row["reason"], row
    assert sum(report.counts.values()) == len(report.links)
    assert report.exit_status == (2 if report.unread else int(report.counts["wrong"] + report.counts["carried"] > 0))
    if shown:
        assert str(report)
        report.corrected()
        assert str(report.until_first_wrong())
    return "unread" if report.unread else "judged"


def main(count: int, seed: int = 1) -> None:
    """Judge so many files; print what escapes, how often, and which file took longest."""
    done, escaped = Counter[str](), Counter[str]()
    slowest, begin = (0.0, ""), time.process_time()
    for number, text in zip(range(count), files(seed), strict=False):
        start = time.process_time()
        try:
            done[judge(text, shown=number % 4 == 0)] += 1
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            escaped[where] += 1
            if escaped[where] == 1:
                print(f"-- {where}: {str(error)[:200]}\n{text}\n", flush=True)
        if number % 1000 == 999:
            spent = time.process_time() - begin
            print(f"{number + 1} files, {spent:.0f} s, {escaped.total()} escaped", flush=True)
        slowest = max(slowest, (time.process_time() - start, text))
    print(f"{count} files in {time.process_time() - begin:.0f} s of processor time: {dict(done)}")
    print(f"the slowest took {slowest[0]:.2f} s:\n{slowest[1]}")
    if escaped:
        sys.exit(f"escaped: {dict(escaped)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:])) if len(sys.argv) > 1 else main(2_000)
