"""All benchmarks, one after the other, the short ones first, and how long that took; `make bench` calls this.

With --write, what each prints takes the place of what RESULTS.md has under its name; what is said about it there stays.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
ORDER = (  # from seconds to half an hour; what is not named here comes last
    "explain_cost", "updates_cost", "notes", "checking", "compile_time", "one_example", "cold_start", "reverse_cost",
    "scalar_graphs", "full_batch", "growth", "estimators", "online", "batches", "estimator_quality", "grid",
)  # fmt: skip


def scripts() -> list[Path]:
    """All of them, in their order."""
    names = {path.stem: path for path in sorted(HERE.glob("[!_]*.py"))}
    return [names[name] for name in ORDER if name in names] + [names[name] for name in names if name not in ORDER]


def run(script: Path) -> tuple[str, int]:
    """What a script prints, shown as it comes, and its exit status."""
    command = [sys.executable, "-u", str(script)]
    printed = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    return "".join(printed).strip("\n"), process.returncode


def written(text: str, name: str, printed: str) -> str:
    """The text of RESULTS.md with another block in the section of a script, which is added if there is none."""
    heading, block = f"## `{name}`", f"```text\n{printed}\n```"
    if heading not in text:
        return f"{text.rstrip()}\n\n{heading}\n\n{block}\n"
    before, after = text.split(heading, 1)
    section, *rest = re.split(r"(?=\n## )", after, maxsplit=1)
    found, count = re.subn(r"```text\n.*?\n```", lambda _: block, section, count=1, flags=re.DOTALL)
    section = found if count else f"{section.rstrip()}\n\n{block}\n"
    return before + heading + section + "".join(rest)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="put what is printed into RESULTS.md")
    options.add_argument("--only", nargs="*", help="names of scripts, without .py")
    chosen = options.parse_args()
    minutes: dict[str, float] = {}
    missed = []
    for script in scripts():
        if chosen.only and script.stem not in chosen.only:
            continue
        print(f"\n== {script.name}", flush=True)
        began = time.perf_counter()
        printed, status = run(script)
        minutes[script.name] = (time.perf_counter() - began) / 60
        if status:
            missed.append(script.name)
        if chosen.write:
            text = RESULTS.read_text(encoding="utf-8")
            RESULTS.write_text(written(text, script.name, printed), encoding="utf-8")
    print("\n== minutes")
    for name, taken in minutes.items():
        print(f"{name:<24} {taken:6.1f}")
    print(f"{'in all':<24} {sum(minutes.values()):6.1f}")
    if missed:
        sys.exit(f"not all targets reached: {', '.join(missed)}")


if __name__ == "__main__":
    main()
