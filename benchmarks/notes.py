"""Checking notes: documents of 2 MB, the seed documents or the notes of the tests over and over, and one long chain."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from _measure import machine, seconds_of, spread, verdict

from chainrule.checking.notes import check_page

RUNS = 3
SIZE = 2_000_000  # characters
SIDES = 9_000
NOTES = Path(__file__).parent.parent / "tests" / "data" / "notes"


def main() -> None:
    """Print a row for each document, and judge the seconds of processor time."""
    seeds = [path.read_text(encoding="utf-8") for path in sorted(NOTES.glob("[0-9]*.txt"))]
    own = [path.read_text(encoding="utf-8") for path in sorted((NOTES / "own").glob("[0-9]*.md"))]
    documents = {
        "2 MB, all five seed documents": repeated("\n\n".join(seeds)),
        "2 MB, the last seed document": repeated(seeds[-1]),
        "2 MB, 30 pages full of equalities": repeated("\n\n".join(own)),
        f"chain of {SIDES:,} sides": f"${'='.join(f'{i % 9}.5' for i in range(SIDES))}$",
    }
    print(machine())
    print(f"\n{'processor seconds':<34} {'median':>8} {'min':>8} {'max':>8} {'equalities':>11}")
    checks: dict[str, tuple[float, float]] = {}
    for name, text in documents.items():
        found = len(check_page("notes.md", text).links)
        seconds = [seconds_of(partial(check_page, "notes.md", text)) for _ in range(RUNS)]
        print(f"{name:<34} {spread(seconds)} {found:11,}")
        checks[f"{name} (s)"] = (median(seconds), 10 if name.startswith("2 MB") else 2)
    verdict(checks)


def repeated(text: str) -> str:
    """The text over and over, each time with its own heading."""
    return "\n\n".join(f"# Part {i}\n\n{text}" for i in range(-(-SIZE // len(text))))


if __name__ == "__main__":
    main()
