"""A judged working on a page: each line as it was written, with the links underlined by verdict and remarks below.

Colour is never alone: every verdict has a mark, a word and a kind of line as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from chainrule.printing.document import Remark, WorkingLine
from chainrule.printing.text_working import MARKS

WORKING_STYLE: Final = """\
.chainrule { --right: #2e7d32; --rounded: #1f6f99; --carried: #8a5a00; --wrong: #b3261e; --unread: #6f3fa0; }
@media (prefers-color-scheme: dark) { .chainrule { --right: #7fd184; --rounded: #6dbdec; --carried: #e8b45a;
  --wrong: #ff8a80; --unread: #c9a3f0; } }
.chainrule .working { font-variant-numeric: tabular-nums; }
.chainrule .step { display: grid; grid-template-columns: 2.6rem 6rem minmax(0, 1fr); column-gap: .6rem;
  padding: .12rem .4rem; border-left: 3px solid transparent; break-inside: avoid; }
.chainrule .step.gap { margin-top: .9rem; }
.chainrule .step > .number { text-align: right; color: var(--faint); }
.chainrule .step > .mark { font-weight: 600; white-space: nowrap; }
.chainrule .step code { font-size: .92rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.chainrule .step .from { color: var(--faint); font-size: .88rem; margin-left: .8rem; }
.chainrule .step ul { margin: .2rem 0 .4rem; padding-left: 1.1rem; }
.chainrule .step p { margin: 0; }
.chainrule .step.right > .mark { color: var(--right); }
.chainrule .step.rounded > .mark { color: var(--rounded); }
.chainrule .step.carried { border-left-color: var(--carried); }
.chainrule .step.carried > .mark { color: var(--carried); }
.chainrule .step.wrong { border-left-color: var(--wrong); background: var(--box); }
.chainrule .step.wrong > .mark { color: var(--wrong); }
.chainrule .step.unread { border-left-color: var(--unread); background: var(--box); }
.chainrule .step.unread > .mark { color: var(--unread); }
.chainrule .is-carried { text-decoration: underline dashed var(--carried) 2px; text-underline-offset: .25em; }
.chainrule .is-wrong { text-decoration: underline wavy var(--wrong) 1.5px; text-underline-offset: .25em; }
.chainrule .is-unread { text-decoration: underline dotted var(--unread) 2px; text-underline-offset: .25em; }
@media (max-width: 34rem) { .chainrule .step { grid-template-columns: 2rem minmax(0, 1fr); }
  .chainrule .step > .said { grid-column: 2; } }
@media print { .chainrule { --right: #000; --rounded: #000; --carried: #000; --wrong: #000; --unread: #000; } }
"""


def working_parts(lines: Sequence[WorkingLine]) -> Iterator[str]:
    """The elements of a working."""
    yield '<div class="working">'
    before: int | None = None
    for line in lines:
        gap = " gap" if before is not None and line.number > before + 1 else ""
        before = line.number
        yield f'<div class="step {line.verdict or "prose"}{gap}">'
        yield f'<span class="number">{line.number}</span><span class="mark">{_mark(line.verdict)}</span>'
        yield f'<div class="said">{"".join(_said(line))}</div></div>'
    yield "</div>"


def _mark(verdict: str) -> str:
    return f"{MARKS[verdict]} {verdict}" if verdict else ""


def _said(line: WorkingLine) -> Iterator[str]:
    if line.verdict:
        yield f"<code>{''.join(_piece(text, verdict) for text, verdict in line.pieces).rstrip()}</code>"
    else:
        yield f"<p>{escape(''.join(text for text, _ in line.pieces))}</p>" if line.pieces else ""
    if line.comment:
        yield f'<span class="from">{escape(line.comment)}</span>'
    if line.remarks:
        yield f"<ul>{''.join(map(_remark, line.remarks))}</ul>"


def _piece(text: str, verdict: str) -> str:
    if not verdict:
        return escape(text)
    return f'<span class="is-{verdict}" title="{verdict}">{escape(text)}</span>'


def _remark(remark: Remark) -> str:
    link = f"<code>{escape(remark.link)}</code> " if remark.link else ""
    verb = "would be" if remark.verdict == "carried" else "should be"
    instead = f"{verb} <code>{escape(remark.instead)}</code>" if remark.instead else ""
    if remark.verdict != "wrong" and instead:
        return f"<li>{'; '.join([link + instead, *map(escape, remark.sentences)])}</li>"
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in remark.sentences)
    return f"<li>{link}{instead}{sentences}</li>"
