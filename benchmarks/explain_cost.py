"""What a person waits for: whole processes of the command line, beside `import numpy` in the same environment."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from statistics import median

from _measure import CHAINRULE, PYTHON, machine, processes, verdict

RUNS = 9
MOST_EXPLAIN, MOST_HELP = 4.5, 1.8  # times as long as `import numpy`
MOST_NETWORK = 2.0  # seconds
LAYERS = (64, 32, 10)


def network() -> str:
    """A problem file: a network with drawn weights, one example."""
    choose = random.Random(1)
    inputs = [round(choose.random(), 3) for _ in range(LAYERS[0])]
    return f"""minimise = "E"
rate = 0.5

[network]
layers = {list(LAYERS)}
activation = "sigmoid"
loss = "half squared error"
notation = "matrix"
init = "uniform(-0.05, 0.05)"
seed = 0

[given]
x = {inputs}
t = {[1] + [0] * (LAYERS[-1] - 1)}
"""


def main() -> None:
    print(machine())
    print(f"seconds of whole processes, {RUNS} runs each, in turns\n")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "network.toml")
        file.write_text(network(), encoding="utf-8")
        commands = {
            "import numpy": [PYTHON, "-c", "import numpy"],
            "nothing": [PYTHON, "-c", "pass"],
            "import chainrule": [PYTHON, "-c", "import chainrule"],
            "chainrule --help": [CHAINRULE, "--help"],
            "chainrule explain 004": [CHAINRULE, "explain", "004"],
            f"{'-'.join(map(str, LAYERS))} network to JSON": [CHAINRULE, "explain", str(file), "--format", "json"],
        }
        found = processes(commands, times=RUNS)
    waited = {name: median(times.waited) for name, times in found.items()}
    numpy = waited["import numpy"]
    width = max(map(len, found))
    print(f"{'':{width}}   median      min      max  processor  times numpy")
    for name, times in found.items():
        print(f"{name:<{width}} {times} {waited[name] / numpy:12.2f}")
    *_, largest = found.values()
    verdict(
        {
            "chainrule explain 004, times import numpy": (waited["chainrule explain 004"] / numpy, MOST_EXPLAIN),
            "chainrule --help, times import numpy": (waited["chainrule --help"] / numpy, MOST_HELP),
            "network to JSON, seconds": (median(largest.worked), MOST_NETWORK),
        }
    )


if __name__ == "__main__":
    main()
