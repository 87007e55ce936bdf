"""Thirty pages of notes in the styles of real ones, with 60 slips planted in them: each is found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.checking.notes import check_notes

NOTES = Path(__file__).parents[2] / "data" / "notes" / "own"
SLIPS = (NOTES / "slips.txt").read_text(encoding="utf-8").splitlines()
PAGES = sorted(NOTES.glob("[0-9]*"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_planted_slips_are_found_and_nothing_else(path: Path) -> None:
    report = check_notes(path)
    flagged = [f"{path.name}:{one.line}: {one.text}" for one in report.links if one.verdict not in ("right", "rounded")]
    assert flagged == [slip for slip in SLIPS if slip.startswith(f"{path.name}:")]
    assert not report.unread


def test_there_are_thirty_pages_with_sixty_slips() -> None:
    assert len(PAGES) == 30
    assert len(SLIPS) == 60
    counts = [check_notes(path).counts for path in PAGES]
    assert sum(count["right"] + count["rounded"] for count in counts) > 400
