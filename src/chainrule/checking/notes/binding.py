"""Judges notes by a problem: chains about its quantities become its working, and are judged like one.

What has no name in the problem is left to the judge of plain numbers.
"""

from __future__ import annotations

from chainrule.checking.figures import read_figure
from chainrule.checking.notes.document import Chain, Document, Side
from chainrule.checking.notes.identities import looks_misprinted
from chainrule.checking.notes.report import NoteLink
from chainrule.checking.notes.spelling import key_of, respelled, spellings
from chainrule.dataclasses import dataclass, field, replace
from chainrule.errors import ChainruleError
from chainrule.formula.syntax import DerivativeRef, Ref, Span, ungroup
from chainrule.problem import Problem
from chainrule.quantity import Name, spell
from chainrule.toml_source import load_toml


@dataclass(slots=True)
class Names:
    """The names of a page that mean quantities of a problem."""

    problem: Problem
    found: dict[str, str | None] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for label in self.problem.labels:
            if isinstance(label, Name):
                self.by_key.setdefault(key_of(label.text), label.text)

    def of(self, name: str) -> str | None:
        """What a name is called in the problem; None if it is not there."""
        if name not in self.found:
            self.found[name] = self.look_up(name)
        return self.found[name]

    def look_up(self, name: str) -> str | None:
        for text in spellings(name):
            if self.is_quantity(text):
                return text
            same = self.by_key.get(key_of(text))
            if same is not None:
                return same + ("'" if text.endswith("'") else "")
        total = self.problem.minimise
        if (
            key_of(name) in ("etot", "etotal", "totalerror", "errortotal", "error", "loss", "cost")
            and total is not None
        ):
            return spell(total)
        return None

    def is_quantity(self, text: str) -> bool:
        try:
            self.problem.quantity(text)
        except ChainruleError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Line:
    """A chain as a line of working: its sides and where each begins in the line."""

    chain: Chain
    sides: tuple[tuple[int, Side], ...]
    text: str


def judged_by(problem: Problem, document: Document) -> dict[Side, list[NoteLink]]:
    """The verdicts on those sides of a page that speak of the problem's quantities."""
    from chainrule.checking import check

    names = Names(problem)
    lines = [line for chain in document.chains if (line := _line(chain, names)) is not None]
    if not lines:
        return {}
    working = "\n".join(line.text for line in lines)
    source = load_toml(f"working = '''\n{working}\n'''", file=document.page.file)
    report = check(replace(problem, document=source))
    found: dict[Side, list[NoteLink]] = {}
    for link in report.links:
        line = lines[link.line - 2]
        side = next(side for start, side in reversed(line.sides) if start < link.column)
        where = _where(document, side, link.text)
        row, column = document.page.position(where.start)
        found.setdefault(side, []).append(
            NoteLink(
                line=row,
                column=column,
                quantity=" ".join(line.chain.sides[0].text.split()),
                text=document.page.text[where.start : where.end],
                kind=link.kind,
                # Which of two formulas is meant, only the writer knows.
                verdict="differs" if link.kind == "formula" and link.verdict in ("wrong", "carried") else link.verdict,
                where=where,
                exact=link.exact,
                expected=link.expected,
                causes=link.causes,
                note=link.note,
            )
        )
    return found


def _line(chain: Chain, names: Names) -> _Line | None:
    if chain.struck or chain.conditional or len(chain.sides) < 2:
        return None
    head = chain.sides[0].tree
    if head is None or not isinstance(ungroup(head), Ref | DerivativeRef):
        return None
    text = respelled(chain.sides[0], names.of)
    if text is None or not names.is_quantity(text):
        return None
    sides: list[tuple[int, Side]] = []
    for side in chain.sides[1:]:
        written = respelled(side, names.of)
        if side.tree is None or written is None or "'''" in written or looks_misprinted(side.tree):
            continue
        if isinstance(ungroup(side.tree), Ref) and isinstance(ungroup(head), Ref):
            continue  # b_1 = b_2 = 0.35 says what both are, not that they are one
        text += " ≈ " if side.relation == "~" else " = "
        sides.append((len(text), side))
        text += written
    return _Line(chain, tuple(sides), text) if sides else None


def _where(document: Document, side: Side, text: str) -> Span:
    """Where a link stands on the page: an element of a list by its text, else the whole side."""
    at = document.page.text.find(text, side.start, side.end)
    if at >= 0:
        return Span(at, at + len(text))
    tree = side.tree
    is_figure = tree is not None and read_figure(tree) is not None
    return side.on_page(ungroup(tree).span) if tree is not None and is_figure else Span(side.start, side.end)
