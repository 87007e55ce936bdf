"""10,000 updates of lecture 004, of which the last is explained in full: whole processes, growing with the updates."""

from __future__ import annotations

from statistics import median

from _measure import CHAINRULE, machine, processes, verdict

RUNS = 5
UPDATES = (1, 1_000, 10_000)
MOST_SECONDS = 3.0  # for the last of them


def main() -> None:
    print(machine())
    print(f"seconds of `chainrule explain 004 --steps N`, {RUNS} runs each, in turns\n")
    found = processes({f"{n:,}": [CHAINRULE, "explain", "004", "--steps", str(n)] for n in UPDATES}, times=RUNS)
    print("updates   median      min      max  processor  microseconds an update")
    worked = {name: median(times.worked) for name, times in found.items()}
    for name, times in found.items():
        more = int(name.replace(",", "")) - 1
        each = f"{(worked[name] - worked['1']) / more * 1e6:23.0f}" if more else ""
        print(f"{name:>7} {times} {each}")
    last = f"{UPDATES[-1]:,}"
    verdict({f"{last} updates explained, seconds": (worked[last], MOST_SECONDS)})


if __name__ == "__main__":
    main()
