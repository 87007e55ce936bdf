"""Prints a report on notes: as text with the place underlined, as SARIF for code hosts, as annotations for GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from chainrule import __version__
from chainrule.checking.notes.report import NoteLink, NotesReport
from chainrule.errors import ProblemError

WIDTH: Final = 100
MOST_UNREAD: Final = 20  # that are listed in text; the others are counted
SHOWN: Final = ("wrong", "carried", "differs")
_LEVELS: Final = {"wrong": "error", "carried": "warning", "differs": "note"}
_RULES: Final = {
    "wrong": "A printed equality is false.",
    "carried": "A printed equality follows only from an earlier false one.",
    "differs": "Two formulas that are said to be equal are not identical.",
    "unread": "A formula could not be read.",
}


def as_text(report: NotesReport) -> str:
    """The report for people: a line of counts, then every place that is wrong, underlined."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: NotesReport) -> Iterator[str]:
    counts = report.counts
    judged = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    total = sum(counts.values())
    yield f"{report.page.file}: {_many(report.formulas, 'formula')}, {_many(total, 'equality')} checked" + (
        f": {judged}." if judged else "."
    )
    for link in report.links:
        if link.verdict in SHOWN:
            yield ""
            yield from _shown(report, link)
    if report.unread:
        yield ""
        yield f"{_many(len(report.unread), 'place')} could not be read:"
        for one in report.unread[:MOST_UNREAD]:
            yield f"  {report.page.file}:{one.line}:{one.column}: {one.text}"
            yield f"      {one.reason}"
        if len(report.unread) > MOST_UNREAD:
            yield f"  and {len(report.unread) - MOST_UNREAD} more."


def _many(number: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _shown(report: NotesReport, link: NoteLink) -> Iterator[str]:
    yield f"{report.page.file}:{link.line}:{link.column}: {link.verdict}: {message(link)}"
    line = report.page.line(link.line)
    begin = link.column - 1
    length = max(1, min(link.where.end - link.where.start, len(line) - begin))
    cut = max(0, min(begin - 20, begin + length + 20 - WIDTH)) if len(line) > WIDTH else 0
    shown = line[cut : cut + WIDTH]
    yield f"    {shown}"
    yield "    " + " " * (begin - cut) + "~" * max(1, min(length, len(shown) - (begin - cut)))


def message(link: NoteLink) -> str:
    """One sentence on what is wrong with a link."""
    text = " ".join(link.text.split())
    text = text if len(text) <= 40 else f"{text[:37]}..."
    if link.verdict == "differs":
        meant = f" It may be meant to be {link.expected}." if link.expected else ""
        return f"{text} is not the same as what it is set equal to.{meant}"
    if link.verdict == "carried":
        return f"{text} follows only from what is wrong before it."
    said = f"{text} should be {link.expected}." if link.expected else f"{text} is not equal to what stands before it."
    if link.note:
        said += f" {link.note}"
    return said + (f" Probably {link.causes[0].text}." if link.causes and link.causes[0].slip != "arithmetic" else "")


def as_github(report: NotesReport) -> str:
    """Workflow commands that make GitHub annotate the lines of a pull request."""
    rows = []
    for link in report.links:
        if link.verdict in SHOWN:
            level = {"error": "error", "warning": "warning", "note": "notice"}[_LEVELS[link.verdict]]
            end = link.column + link.where.end - link.where.start
            place = f"file={_escaped(report.page.file)},line={link.line},col={link.column},endColumn={end}"
            rows.append(f"::{level} {place},title={link.verdict}::{_data(message(link))}")
    rows += [
        f"::notice file={_escaped(report.page.file)},line={one.line},col={one.column},title=unread::{_data(one.reason)}"
        for one in report.unread
    ]
    return "".join(f"{row}\n" for row in rows)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(report: NotesReport) -> str:
    """The report in SARIF 2.1.0, which code hosts and editors show beside the lines."""
    results = [
        _result(report, link.verdict, _LEVELS[link.verdict], message(link), link.where.start, link.where.end)
        for link in report.links
        if link.verdict in SHOWN
    ]
    for one in report.unread:
        region = {"startLine": one.line, "startColumn": one.column}
        results.append(_located(report, "unread", "note", f"{one.reason}: {one.text}", region))
    driver = {
        "name": "chainrule",
        "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _result(report: NotesReport, rule: str, level: str, text: str, start: int, end: int) -> dict[str, Any]:
    line, column = report.page.position(start)
    end_line, end_column = report.page.position(end)
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return _located(report, rule, level, text, region)


def _located(report: NotesReport, rule: str, level: str, text: str, region: dict[str, int]) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": {"uri": report.page.file}, "region": region}}
    return {"ruleId": rule, "level": level, "message": {"text": text}, "locations": [location]}


def as_json_text(report: NotesReport) -> str:
    """The report as one JSON document."""
    return json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n"


_FORMATS: Final = {"text": as_text, "json": as_json_text, "sarif": as_sarif, "github": as_github}


def printed(report: NotesReport, style: str) -> str:
    """The report as text, json, sarif or github. Raises ProblemError for any other format."""
    if style not in _FORMATS:
        raise ProblemError(f"reports on notes are text, json, sarif or github, not {style}.")
    return _FORMATS[style](report)
