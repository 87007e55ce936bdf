"""Runs the exam from the command line: `python -m tests.exam --size 1.0 --seed 0`."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from tests.exam.exam import CORRECT, COUNTS, TWO, Outcome, judge, paper_of, parts, run
from tests.exam.slips import KINDS
from tests.exam.table import count, shortcomings, table


def main() -> int:
    options = _options()
    if options.show:
        return _show(options)
    outcomes = []
    with suppress(KeyboardInterrupt):  # what has been sat by then still counts
        for outcome in run(_tasks(options), seed=options.seed, held_out=options.held_out, jobs=options.jobs):
            outcomes.append(outcome)
            if options.keep and outcome.complaints:
                _keep(options.keep, outcome)
            if options.progress and len(outcomes) % options.progress == 0:
                complaints = sum(bool(one.complaints) for one in outcomes)
                print(f"{len(outcomes)} papers, {complaints} with complaints", file=sys.stderr)
    totals = count(outcomes)
    print(table(totals), end="")
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    checking = sum(outcome.seconds for outcome in outcomes)
    print(f"checking took {checking:.0f} s; the slowest, {slowest.part} {slowest.number}, {slowest.seconds:.2f} s")
    short = shortcomings(totals)
    for line in short:
        print(f"short of what is asked for: {line}")
    return 1 if short else 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.exam", description="The synthetic exam for `chainrule check`.")
    parser.add_argument("--size", type=float, default=1.0, help="share of the full exam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--held-out", action="store_true", help="add the kinds kept from the builders")
    parser.add_argument("--part", choices=(CORRECT, "slips", TWO), help="one part of the exam only")
    parser.add_argument("--only", choices=sorted(KINDS), metavar="KIND", help="one kind of slip only")
    parser.add_argument("--limit", type=int, help="papers per part or kind")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="save the papers with complaints there")
    parser.add_argument(
        "--show", nargs=2, metavar=("KIND", "N"), help="print one paper and its report; KIND may be correct, two"
    )
    parser.add_argument("--progress", type=int, default=0, metavar="N", help="tell every N papers how it goes")
    return parser.parse_args()


def _tasks(options: Namespace) -> list[tuple[str, int]]:
    wanted = [options.only] if options.only else parts(held_out=options.held_out)
    if options.part == "slips":
        wanted = [part for part in wanted if part not in (CORRECT, TWO)]
    elif options.part:
        wanted = [options.part]
    tasks = []
    for part in wanted:
        papers = max(1, round(COUNTS.get(part, COUNTS["slip"]) * options.size))
        tasks += [(part, number) for number in range(min(papers, options.limit or papers))]
    return tasks


def _show(options: Namespace) -> int:
    part, number = options.show
    if part not in parts(held_out=True):
        print(f"there is no kind {part!r}; there are {', '.join(parts(held_out=False))}", file=sys.stderr)
        return 2
    paper = paper_of(part, int(number), seed=options.seed, held_out=options.held_out)
    print(paper.file)
    for slip in paper.slips:
        right, wrong = paper.right.lines[slip.at].text, paper.handed_in.lines[slip.at].text
        print(f"# {slip.kind} in line {paper.line_of(slip.at)}:\n#   {wrong}\n#   right is\n#   {right}")
    print(f"# {paper.style}")
    print(json.dumps(judge(paper.file), ensure_ascii=False, indent=1))
    return 0


def _keep(directory: Path, outcome: Outcome) -> None:
    """The paper as a problem file, with what was not judged well above it."""
    measures = sorted({measure for measure, _ in outcome.complaints})
    name = re.sub(r"\W+", "-", f"{measures[0]} {outcome.part} {outcome.number}")
    directory.mkdir(parents=True, exist_ok=True)
    said = "\n".join(f"# {measure}: {line}" for measure, why in outcome.complaints for line in why.splitlines() or [""])
    (directory / f"{name}.toml").write_text(f"{outcome.file}\n{said}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
