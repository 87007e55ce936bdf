"""A document as one page of HTML that needs nothing else: formulas in MathML, every quantity a link to its line.

A line of the forward pass and the line of the derivative by its quantity point to each other; so do values before and
after an update.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Final

from chainrule.dataclasses import dataclass, field
from chainrule.formula.syntax import AtUpdate, DerivativeRef, Prime, Tree, ungroup
from chainrule.printing.document import (
    Block,
    Chain,
    Code,
    Derivation,
    Document,
    Heading,
    Items,
    Matrices,
    Piece,
    Prose,
    Table,
    Working,
)
from chainrule.printing.glyphs import Typography
from chainrule.printing.html_working import WORKING_STYLE, working_parts
from chainrule.printing.mathml import mathml
from chainrule.printing.page_style import SCRIPT, STYLE
from chainrule.printing.prose import for_document, is_formula, segments
from chainrule.printing.typeset import canonical, parsed

_FIGURE: Final = re.compile(r"-?[\d.]+(?:e[+-]?\d+)?")
_NOT_IN_IDS: Final = re.compile(r"[^\w.-]+")
_LONGEST_ID: Final = 60


@dataclass(frozen=True, slots=True)
class Line:
    """Where a quantity has its line, what it is there, and the quantity it belongs to."""

    id: str
    quantity: str
    value: str  # "" where it is no number
    of: str | None  # h1 for dE/dh1, w5 for w5'
    kind: str  # derivative, updated, or "" for a value

    @property
    def tooltip(self) -> str:
        """What pointing at the quantity shows."""
        return f"{self.quantity} = {self.value}" if self.value else self.quantity


@dataclass(frozen=True, slots=True)
class _Page:
    typography: Typography
    lines: Mapping[str, Line]
    partners: Mapping[str, list[Line]] = field(default_factory=dict)  # by quantity: what else is said about it

    def math(self, text: str | Sequence[Piece], *, own: str = "", display: bool = False) -> str:
        """A formula in which every quantity that has a line is a link, except to the line it stands in."""

        def link(quantity: str) -> tuple[str, str] | None:
            line = self.lines.get(quantity)
            if line is None or line.quantity == own:
                return None
            return f"<mtext>{_opened(line)}<math>", "</math></a></mtext>"

        return mathml(text, typography=self.typography, display=display, link=link)

    def label(self, text: str) -> str:
        return mathml(text, typography=self.typography)


def render_html(document: Document, *, typography: Typography | None = None, fragment: bool = False) -> str:
    """A page of HTML; with `fragment` a `div` with its style, to stand in a page of somebody else's.

    >>> page = render_html(Document((Heading("A", 1), Chain("y", ("x^2", "4")))))
    >>> page.startswith("<!DOCTYPE html>"), 'id="y"' in page
    (True, True)
    """
    setter = for_document(document, typography)
    # Several fragments may stand on one page, each with links of its own.
    prefix = f"c{sha256(repr(document).encode()).hexdigest()[:8]}-" if fragment else ""
    lines = _numbered(document, setter, prefix)
    page = _Page(setter, lines, _partners(lines.values()))
    body = "\n".join(part for block in document.blocks for part in _parts(block, page))
    style = STYLE + (WORKING_STYLE if any(isinstance(block, Working) for block in document.blocks) else "")
    if fragment:
        return f'<div class="chainrule">\n<style>\n{style}</style>\n{body}\n</div>\n'
    title = next((block.text for block in document.blocks if isinstance(block, Heading)), "chainrule")
    return (
        '<!DOCTYPE html>\n<html lang="en" class="chainrule-page">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body class="chainrule-page">\n<main class="chainrule">\n{body}\n</main>\n'
        f"<script>\n//<![CDATA[\n{SCRIPT}//]]>\n</script>\n</body>\n</html>\n"
    )


# Which quantity has its line where -------------------------------------------------------------------------


def _numbered(document: Document, typography: Typography, prefix: str) -> dict[str, Line]:
    """Every quantity that has a line of its own, or stands among the givens."""
    found: dict[str, Line] = {}
    taken: set[str] = set()
    times = Counter(quantity for quantity, _ in _said(document))
    for quantity, value in _said(document):
        if times[quantity] == 1:  # what is said twice, such as "path 1" of several derivatives, is no one's place
            stem = _NOT_IN_IDS.sub("-", quantity.replace("'", "-new"))[:_LONGEST_ID].strip("-") or "line"
            name, count = stem, 1
            while name in taken:
                count += 1
                name = f"{stem}-{count}"
            taken.add(name)
            tree = parsed(quantity, typography)
            line = _line(prefix + name, quantity, value, tree, typography)
            found[quantity if tree is None else canonical(tree)] = found[quantity] = line
    return found


def _said(document: Document) -> Iterator[tuple[str, str]]:
    for block in document.blocks:
        if isinstance(block, Chain | Matrices | Derivation):
            last = [row for row, _ in _rows(block)][-1:]
            value = last[0][-1] if last and last[0] and isinstance(last[0][-1], str) else ""
            yield block.left, value if _FIGURE.fullmatch(value) else ""
        elif isinstance(block, Items):
            for item in block.items:
                left, equals, right = item.partition(" = ")
                if equals:
                    yield left, right


def _line(name: str, quantity: str, value: str, tree: Tree | None, typography: Typography) -> Line:
    of, kind = typography.delta_pair(quantity), "derivative"
    if isinstance(tree, DerivativeRef):
        of = canonical(ungroup(tree.by))
    elif isinstance(tree, Prime | AtUpdate):
        of, kind = canonical(ungroup(tree.of)), "updated"
    return Line(name, quantity, value, of, kind if of is not None else "")


def _partners(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in dict.fromkeys(lines):
        if line.of is not None:
            found.setdefault(line.of, []).append(line)
    return found


# Blocks ----------------------------------------------------------------------------------------------------


def _parts(block: Block, page: _Page) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"<h{min(level, 6)}>{_sentence(text, page)}</h{min(level, 6)}>"
        case Prose(text):
            yield f"<p>{_sentence(text, page)}</p>"
        case Items(title, items):
            spans = "\n".join(_item(item, page) for item in items)
            yield f'<p class="items"><b>{escape(title)}:</b>\n{spans}</p>'
        case Chain() | Matrices() | Derivation():
            yield from _chain(block, page)
        case Table(header, rows):
            yield '<div class="box"><table class="rows">'
            yield _row(header, "th", page)
            yield from (_row(row, "td", page) for row in rows)
            yield "</table></div>"
        case Code(text):
            yield f"<pre><code>{escape(text)}</code></pre>"
        case Working(lines):
            yield from working_parts(lines)


def _rows(chain: Chain | Matrices | Derivation) -> Iterator[tuple[Sequence[Piece], str]]:
    """The right sides in pieces, with the reasons that are given."""
    match chain:
        case Chain(rights=rights):
            yield from (((right,), "") for right in rights)
        case Matrices(rights=sides):
            yield from ((side, "") for side in sides)
        case Derivation(lines=lines):
            yield from (((expression,), reason) for expression, reason in lines)


def _chain(chain: Chain | Matrices | Derivation, page: _Page) -> Iterator[str]:
    line = page.lines.get(chain.left)
    color = "" if isinstance(chain, Derivation) or not chain.color.isalpha() else f" {chain.color}"
    place = f' id="{escape(line.id)}"' if line is not None else ""
    yield f'<div class="chain{color}"{place}>'
    yield '<div class="box"><table>'
    left, before = page.math(chain.left, own=chain.left, display=True), ""
    for right, reason in list(_rows(chain)) or [((), "")]:
        math = page.math(right, own=chain.left, display=True) if right else ""
        if math == before and not reason:
            continue  # g * y and g*y differ in text only
        before = math
        why = f'<td class="why">{_sentence(reason, page)}</td>' if reason else ""
        yield f"<tr><td>{left}</td><td>{'=' if right else ''}</td><td>{math}</td>{why}</tr>"
        left = ""
    yield "</table></div>"
    if chain.note:
        yield f'<p class="note">{_sentence(chain.note, page)}</p>'
    pairs = list(_pairs(line, page)) if line is not None else []
    if pairs:
        yield f'<p class="pair">{" ".join(pairs)}</p>'
    yield "</div>"


def _pairs(line: Line, page: _Page) -> Iterator[str]:
    """Links to the same quantity in the other passes, with the values it has there."""
    home = page.lines.get(line.of) if line.of is not None else None
    words = {"derivative": "its derivative", "updated": "after the update", "": ""}
    if home is not None:
        yield _reference("derivative by" if line.kind == "derivative" else "before", home, page)
    for other in page.partners.get(line.quantity, []):
        yield _reference(words[other.kind], other, page)


def _reference(word: str, line: Line, page: _Page) -> str:
    value = f" = {page.label(line.value)}" if line.value else ""
    return f"{word} {_opened(line)}{page.label(line.quantity)}{value}</a>"


def _opened(line: Line) -> str:
    place = escape(line.id)
    return f'<a href="#{place}" data-q="{place}" title="{escape(line.tooltip)}">'


def _item(item: str, page: _Page) -> str:
    left, equals, right = item.partition(" = ")
    if not equals:
        return f"<span>{page.label(item) if is_formula(item, page.typography) else escape(item)}</span>"
    line = page.lines.get(left)
    name = page.label(left)
    others = page.partners.get(left, [])
    if others:
        place, shown = escape(others[0].id), escape(others[0].tooltip)
        name = f'<a href="#{place}" data-q="{place}" title="{shown}">{name}</a>'
    own = f' id="{escape(line.id)}"' if line is not None else ""
    return f"<span{own}>{name} = {page.label(right)}</span>"


def _sentence(text: str, page: _Page) -> str:
    return "".join(
        _mention(piece, page) if formula else escape(piece) for piece, formula in segments(text, page.typography)
    )


def _mention(quantity: str, page: _Page) -> str:
    line = page.lines.get(quantity)
    return f"{_opened(line)}{page.label(quantity)}</a>" if line is not None else page.label(quantity)


def _row(cells: Iterable[str], tag: str, page: _Page) -> str:
    texts = [page.math(cell) if is_formula(cell, page.typography) else _sentence(cell, page) for cell in cells]
    return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
