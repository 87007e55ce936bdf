"""Checking a working: 200 lines, the slips behind wrong ones, figures after very many updates, and memory."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path
from statistics import median

from _measure import machine, seconds_of, spread, verdict

from chainrule.problem import Problem, load, loads

RUNS = 3
LINES = 200
LECTURE = Path(__file__).parent.parent / "tests" / "lectures" / "004.toml"
NEURON = """
minimise = "E"
rate = 0.5
formulas = '''
h = w1*x1 + w2*x2 + b
o = sigmoid(h)
E = 1/2*(t - o)^2
'''
[given]
x1 = 0.05
x2 = 0.10
t = 0.01
[parameters]
w1 = 0.15
w2 = 0.2
b = 0.35
"""
RIGHT = """h = w1*x1 + w2*x2 + b = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3775
o = sigmoid(h) = 1/(1 + e^(-0.3775)) = 0.593
E = 1/2*(t - o)^2 = 0.5*(0.01 - 0.593)^2 = 0.170
dE/do = o - t = 0.593 - 0.01 = 0.583
do/dh = o*(1 - o) = 0.593*(1 - 0.593) = 0.241
dE/dh = dE/do*do/dh = 0.583*0.241 = 0.141
dE/dw1 = dE/dh*x1 = 0.141*0.05 = 0.00705
w1' = w1 - rate*dE/dw1 = 0.15 - 0.5*0.00705 = 0.146
dE/dw2 = dE/dh*x2 = 0.141*0.1 = 0.0141
w2' = w2 - rate*dE/dw2 = 0.2 - 0.5*0.0141 = 0.193""".splitlines()
SLIPS = (
    "h = 0.15*0.05 + 0.2*0.1 = 0.0275",
    "o = 0.406730008",
    "E = 1/2*(t + o)^2",
    "dE/do = 0.01 - 0.593",
    "dE/dh = 0.3460",
    "dE/dw1 = dE/dh*x2",
    "w1' = 0.15 + 0.5*0.00704",
)
NET = """
minimise = "E"
rate = 0.01
[network]
layers = [2, 3, 2]
activation = ["{}", "identity"]
loss = "half squared error"
[given]
x = [0.5, -1]
t = [1, 0]
[parameters]
W1 = [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6], [0.9, 0.3, 0.1]]
W2 = [[0.1, 0.4, -0.3, 0.2], [0.5, 0.1, 0.2, -0.4]]
"""


def with_working(lines: list[str], problem: str) -> Problem:
    return loads("working = '''\n" + "\n".join(lines) + f"\n'''\n{problem}")


def lecture(claim: str) -> Problem:
    """Lecture 004 with another working."""
    problem = LECTURE.read_text("utf-8")
    start = problem.index("working = '''")
    end = problem.index("'''", start + 14)
    return loads(f"{problem[:start]}working = '{claim}'{problem[end + 3 :]}")


def main() -> None:
    print(machine())
    print(f"processor seconds of `Problem.check()`, {RUNS} runs each; the problem is loaded before\n")
    long = with_working((RIGHT * LINES)[:LINES], NEURON)
    rows: dict[str, tuple[Callable[[], Problem], float]] = {
        f"{LINES} lines": (lambda: long, 2.0),
        "E@10000 of lecture 004": (lambda: lecture("E@10000 = 0.0000351"), 2.0),
        "relu, 20 updates": (lambda: with_working(["E@20 = 0.4", "W1[2,1]@20 = -0.5"], NET.format("relu")), 2.0),
        "linear, 20 updates": (lambda: with_working(["E@20 = 0.4", "W1[2,1]@20 = -0.5"], NET.format("linear")), 2.0),
    }
    rows |= {line: (lambda line=line: with_working([line], NEURON), 0.5) for line in SLIPS}
    lectures = load(LECTURE)
    rows["lecture 004, all of it"] = (lambda: lectures, 10.0)
    width = max(map(len, rows))
    print(f"{'':<{width}}    median      min      max  verdicts")
    checks: dict[str, tuple[float, float]] = {}
    for name, (make, limit) in rows.items():
        problems = [make() for _ in range(RUNS)]
        seconds = [seconds_of(problem.check) for problem in problems]
        counts = ", ".join(f"{n} {verdict}" for verdict, n in problems[0].check().counts.items() if n)
        print(f"{name:<{width}}  {spread(seconds)}  {counts}")
        checks[f"{name}, seconds"] = median(seconds), limit
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if os.uname().sysname == "Linux" else 1024**2)
    print(f"\nlargest size of this process {largest:.0f} MB")
    verdict({**checks, "memory, MB": (largest, 300.0)})


if __name__ == "__main__":
    main()
