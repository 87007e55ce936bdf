"""The table of the exam: what was judged well, a row for each kind of slip, and what the issue asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tests.exam.exam import CORRECT, TWO, Outcome

COLUMNS = ("found", "first line", "carried", "named first", "in three", "elsewhere")
ASKED = {  # shares in percent, over all kinds together
    "crash": 100.0,
    "read": 100.0,
    "no alarm": 100.0,
    "found": 99.5,
    "first line": 99.0,
    "carried": 98.0,
    "named first": 85.0,
    "in three": 95.0,
    "both found": 90.0,
}
Counts = Mapping[str, tuple[int, int]]


def count(outcomes: Iterable[Outcome]) -> dict[str, dict[str, tuple[int, int]]]:
    """Good ones and all, by part of the exam and by measure."""
    totals: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for outcome in outcomes:
        row = totals[outcome.part]
        for measure, (good, of) in outcome.counts.items():
            before = row.get(measure, (0, 0))
            row[measure] = before[0] + good, before[1] + of
    return dict(totals)


def together(rows: Iterable[Counts]) -> dict[str, tuple[int, int]]:
    """The sum of several rows."""
    result: dict[str, tuple[int, int]] = {}
    for row in rows:
        for measure, (good, of) in row.items():
            before = result.get(measure, (0, 0))
            result[measure] = before[0] + good, before[1] + of
    return result


def share(counts: tuple[int, int] | None) -> str:
    if counts is None or not counts[1]:
        return "-"
    return f"{100 * counts[0] / counts[1]:.1f} %"


def table(totals: Mapping[str, Counts]) -> str:
    """The rows as text."""
    lines = []
    if CORRECT in totals:
        row = totals[CORRECT]
        good, of = row.get("no alarm", (0, 0))
        crashed = row["crash"][1] - row["crash"][0]
        lines.append(f"correct solutions: {of + crashed}, with a false alarm: {of - good}, crashed: {crashed}")
    kinds = [part for part in totals if part not in (CORRECT, TWO)]
    if kinds:
        lines.append(f"{'one slip':34}{'papers':>7}" + "".join(f"{column:>13}" for column in COLUMNS))
        for name, row in [*((kind, totals[kind]) for kind in kinds), ("all kinds", together(totals[k] for k in kinds))]:
            lines.append(
                f"{name:34}{row['crash'][1]:7}" + "".join(f"{share(row.get(column)):>13}" for column in COLUMNS)
            )
    if TWO in totals:
        row = totals[TWO]
        lines.append(f"two slips: {row['crash'][1]} papers, both found {share(row.get('both found'))}")
    return "\n".join(lines) + "\n"


def shortcomings(totals: Mapping[str, Counts]) -> list[str]:
    """What falls short of what is asked for, in words."""
    everything = together(totals.values())
    return [
        f"{measure}: {share(everything[measure])} of {everything[measure][1]}, asked for {asked:g} %"
        for measure, asked in ASKED.items()
        if measure in everything and 100 * everything[measure][0] < asked * everything[measure][1]
    ]
