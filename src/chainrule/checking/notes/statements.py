"""Takes a formula apart: rows and columns of `aligned`, statements, and the sides of each between its relations.

`= ...` at the beginning of a statement goes on with an earlier chain; `\\Rightarrow`, `\\quad` and prose begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from chainrule.checking.notes.latex import (
    CLAIMS,
    GRIDS,
    MATRICES,
    RELATIONS,
    STRUCK,
    WORDS,
    WRAPPERS,
    Piece,
    after_break,
    bracket_partners,
    environment_name,
    partners,
    skip_space,
)
from chainrule.dataclasses import dataclass, field

MOST_ENVIRONMENTS: Final = 8  # within each other
_CONDITIONS: Final = frozenset({"if", "for", "when", "otherwise", "where", "unless", "provided", "else", "given", "as"})
_JOINING: Final = frozenset({
    "and", "or", "with", "so", "then", "thus", "hence", "therefore", "since", "because", "is", "are", "we", "get",
    "gives", "from", "by", "to", "which", "that", "let", "also", "say", "but", "i.e.", "e.g.", "while", "implies",
    "means", "here", "at", "in", "of", "the", "this", "substituting", "using", "have",
})  # fmt: skip
_SPLITTING: Final = frozenset({";", ","})
_DIVIDERS: Final = CLAIMS | WORDS | _SPLITTING | {"\\\\"}
_STACKED: Final = frozenset({"\\stackrel", "\\overset", "\\underset"})
_RELATING: Final = _STACKED | RELATIONS.keys()
_CONTINUING: Final = frozenset({"+", "-", "*", "/", "\\cdot", "\\times", "−", "×", "·", "\\pm"})
_AROUND: Final = WRAPPERS | {"{", "[", "("}
_DROPPED: Final = frozenset({".", ",", ";", ":"})


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a statement as pieces of LaTeX, and the relation before it: empty for the first."""

    relation: str
    pieces: Sequence[Piece]


@dataclass(slots=True)
class Statement:
    """Sides joined by relations; it goes on with an earlier chain if its first part has a relation before it."""

    parts: list[Part]
    conditional: bool = False  # "if x > 0" follows
    struck: bool = False  # crossed out by its writer
    column: int = 0  # which equation of a row it stands in


@dataclass(slots=True)
class Row:
    """What stands in one row: the statements side by side. `joined` if its first continues the row above in full."""

    statements: list[Statement] = field(default_factory=list)


def rows(pieces: Sequence[Piece], environment: str = "") -> Iterator[Row]:
    """The rows of a formula with their statements."""
    for cells in _grid(pieces, environment, 0):
        row = Row()
        for column, cell in enumerate(cells):
            for statement in _statements(cell):
                statement.column = column
                row.statements.append(statement)
        if row.statements:
            yield row


def _grid(pieces: Sequence[Piece], environment: str, depth: int) -> Iterator[list[list[Piece]]]:
    """Rows of cells, two columns of an environment to a cell; a formula without an environment is one cell."""
    pairs = partners(pieces)
    inner = _environments(pieces, pairs) if depth < MOST_ENVIRONMENTS else []
    if inner and not environment:
        at = 0
        for begin, end in inner:
            before = list(pieces[at:begin])
            if any(piece.kind in ("letters", "number") for piece in before):
                yield [before]
            name, first = environment_name(pieces, begin)
            yield from _grid(_inside(pieces, first, end), name, depth + 1)
            at = environment_name(pieces, end)[1]
        rest = list(pieces[at:])
        if any(piece.kind in ("letters", "number") for piece in rest):
            yield [rest]
        return
    if environment:
        yield from _table(pieces, pairs, environment, depth)
    else:
        yield [list(pieces)]


def _inside(pieces: Sequence[Piece], first: int, end: int) -> list[Piece]:
    at = skip_space(pieces, first, end)
    while at < end and pieces[at].text in ("{", "["):  # {rcl} of array, [t] of aligned
        closer = "}" if pieces[at].text == "{" else "]"
        stop = next((i for i in range(at, min(end, at + 20)) if pieces[i].text == closer), None)
        inside = "".join(piece.text for piece in pieces[at + 1 : stop]) if stop is not None else "="
        if not set(inside) <= set("rclpt|@{}0123456789.b "):
            break
        at = skip_space(pieces, (stop or at) + 1, end)
    return list(pieces[at:end])


def _environments(pieces: Sequence[Piece], pairs: Sequence[int]) -> list[tuple[int, int]]:
    """The outermost environments that arrange equations, not those of matrices."""
    found, at = [], 0
    while at < len(pieces):
        if pieces[at].text == "\\begin" and pairs[at] > at:
            name = environment_name(pieces, at)[0]
            if name in GRIDS and (name not in MATRICES or _has_relation(pieces[at : pairs[at]])):
                found.append((at, pairs[at]))
            at = pairs[at]
        elif pieces[at].text == "{" and pairs[at] > at:
            at = pairs[at]
        at += 1
    return found


def _has_relation(pieces: Sequence[Piece]) -> bool:
    return any(piece.text in RELATIONS for piece in pieces)


def _table(pieces: Sequence[Piece], pairs: Sequence[int], environment: str, depth: int) -> Iterator[list[list[Piece]]]:
    width = 3 if environment in ("eqnarray", "array") else 2
    table: list[list[list[Piece]]] = [[[]]]
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece.text == "\\\\" or (piece.kind == "command" and piece.text == "\\cr"):
            table.append([[]])
            at = after_break(pieces, at)
            continue
        if piece.text == "&":
            table[-1].append([])
        else:
            stop = pairs[at] if pairs[at] > at else at
            table[-1][-1].extend(pieces[at : stop + 1])
            at = stop
        at += 1
    merged: list[list[list[Piece]]] = []
    for cells in table:
        equations = [[piece for cell in cells[i : i + width] for piece in cell] for i in range(0, len(cells), width)]
        if merged and (environment == "multline" or _continues(equations, cells)):
            for column, cell in enumerate(map(_unindented, equations)):
                if column < len(merged[-1]):
                    merged[-1][column].extend(cell)
                else:
                    merged[-1].append(cell)
        else:
            merged.append(equations)
    for equations in merged:
        nested = [cell for cell in equations if _environments(cell, partners(cell))]
        if nested and depth < MOST_ENVIRONMENTS:
            for cell in equations:
                yield from _grid(cell, "", depth + 1)
        else:
            yield equations


def _continues(equations: Sequence[Sequence[Piece]], cells: Sequence[Sequence[Piece]]) -> bool:
    """Whether a row begins with an operator, its left column empty: it goes on with the sum above."""
    first = next((p for p in equations[0] if p.kind != "space" and p.text not in CLAIMS and p.text not in "{}"), None)
    left = [piece for piece in cells[0] if piece.kind != "space"] if len(cells) > 1 else []
    return first is not None and first.text in _CONTINUING and not left


def _unindented(pieces: Sequence[Piece]) -> list[Piece]:
    start = 0
    while start < len(pieces) and (pieces[start].kind == "space" or pieces[start].text in ("\\quad", "\\qquad")):
        start += 1
    return list(pieces[start:])


def _statements(pieces: Sequence[Piece]) -> Iterator[Statement]:
    pieces, struck = _opened(pieces)
    found: list[Statement] = []
    for begins, part in _divided(pieces):
        if begins == "condition" and found:
            found[-1].conditional = True
        part, part_struck = _opened(part)
        if parts := list(_sides(part)):
            found.append(Statement(parts, conditional=begins == "condition", struck=struck or part_struck))
    yield from found


def _opened(pieces: Sequence[Piece]) -> tuple[list[Piece], bool]:
    """What stands inside the boxes and brackets around all of it, and whether it is struck out."""
    pieces, struck = _trimmed(pieces), False
    for _ in range(MOST_ENVIRONMENTS):
        inner = _unwrapped(pieces)
        if inner is None:
            break
        struck = struck or pieces[0].text in STRUCK
        pieces = _trimmed(inner)
    return pieces, struck


def _unwrapped(pieces: Sequence[Piece]) -> Sequence[Piece] | None:
    """The inside of `\\boxed{a = b}` or `[a = b]` if that is all there is; also without a relation for \\cancel."""
    if not pieces or pieces[0].text not in _AROUND:
        return None
    pairs = partners(pieces)
    last = len(pieces) - 1
    if pieces[0].text in WRAPPERS and pieces[0].text not in WORDS:
        at = skip_space(pieces, 1, len(pieces))
        if at < last and pieces[at].text == "{" and pairs[at] == last:
            inside = pieces[at + 1 : last]
            return inside if _has_relation(inside) or pieces[0].text in STRUCK else None
    if pieces[0].text == "{" and pairs[0] == last and last > 0:
        return pieces[1:last]
    if pieces[0].text in ("[", "(") and bracket_partners(pieces, pairs)[0] == last:
        inside = pieces[1:last]
        return inside if any(part.relation == "=" for part in _sides(inside)) else None
    return None


def _trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    """Without blanks at both ends, nor the full stop of the sentence."""
    start, end = 0, len(pieces)
    while start < end and (pieces[start].kind == "space" or pieces[start].text in ("&", ".", ",")):
        start += 1
    while end > start and (
        pieces[end - 1].kind == "space" or pieces[end - 1].text in _DROPPED or _row_end(pieces, end)
    ):
        end -= 1
    return list(pieces[start:end])


def _row_end(pieces: Sequence[Piece], end: int) -> bool:
    return pieces[end - 1].text in ("\\\\", "&")


def _divided(pieces: Sequence[Piece]) -> Iterator[tuple[str, list[Piece]]]:
    """The statements of one cell with what begins each: nothing, "claim" or "condition"."""
    if _DIVIDERS.isdisjoint([piece.text for piece in pieces]):
        yield "", list(pieces)
        return
    pairs = partners(pieces)
    brackets = bracket_partners(pieces, pairs)
    begins, current, at = "", list[Piece](), 0
    while at < len(pieces):
        kind, after = _division(pieces, pairs, at)
        if kind:
            yield begins, current
            begins, current, at = kind, [], after
            continue
        stop = max(pairs[at], brackets[at], at)
        current.extend(pieces[at : stop + 1])
        at = stop + 1
    yield begins, current


def _division(pieces: Sequence[Piece], pairs: Sequence[int], at: int) -> tuple[str, int]:
    """What divides statements at this position, and where the next one begins."""
    piece = pieces[at]
    if piece.text in CLAIMS or piece.text in _SPLITTING or piece.text == "\\\\":
        return "claim", at + 1
    if piece.text == "," or piece.text not in WORDS:
        return "", at
    brace = skip_space(pieces, at + 1, len(pieces))
    if brace >= len(pieces) or pieces[brace].text != "{" or pairs[brace] < 0:
        return "", at
    text = "".join(one.text for one in pieces[brace + 1 : pairs[brace]])
    words = text.lower().replace(",", " ").replace(":", " ").split()
    if not words or words[0] in _CONDITIONS:
        return ("condition" if words else ""), pairs[brace] + 1 if words else at
    if words[0] in _JOINING or text.strip() in (",", ".", ";", ":", "(", ")"):
        return "claim", pairs[brace] + 1
    return "", at


def _sides(pieces: Sequence[Piece]) -> Iterator[Part]:
    """The sides between the relations at the outermost level."""
    if _RELATING.isdisjoint([piece.text for piece in pieces]):
        if trimmed := _trimmed(pieces):
            yield Part("", trimmed)
        return
    pairs = partners(pieces)
    brackets = bracket_partners(pieces, pairs)
    relation, current, at = "", list[Piece](), 0
    while at < len(pieces):
        found, after = _relation(pieces, pairs, at)
        if found:
            if trimmed := _trimmed(current):
                yield Part(relation, trimmed)
            relation, current, at = found, [], after
            continue
        stop = max(pairs[at], brackets[at], at)
        current.extend(pieces[at : stop + 1])
        at = stop + 1
    if trimmed := _trimmed(current):
        yield Part(relation, trimmed)


def _relation(pieces: Sequence[Piece], pairs: Sequence[int], at: int) -> tuple[str, int]:
    text = pieces[at].text
    if text in (":", "\\not") and at + 1 < len(pieces) and pieces[at + 1].text == "=":
        return ("=" if text == ":" else "!="), at + 2
    if text == "=" and at + 1 < len(pieces) and pieces[at + 1].text == "=":
        return "=", at + 2
    if text in ("<", "-") and at + 1 < len(pieces) and pieces[at + 1].text == ("-" if text == "<" else ">"):
        return (
            ("<-", at + 2) if text == "<" and _arrow(pieces, at) else ("->", at + 2) if text == "-" else ("<", at + 1)
        )
    if text in _STACKED:
        first = skip_space(pieces, at + 1, len(pieces))
        if first < len(pieces) and pairs[first] > first:
            second = skip_space(pieces, pairs[first] + 1, len(pieces))
            if second < len(pieces) and pairs[second] > second:
                inside = [piece.text for piece in pieces[second + 1 : pairs[second]] if piece.kind != "space"]
                if len(inside) == 1 and inside[0] in RELATIONS:
                    return RELATIONS[inside[0]], pairs[second] + 1
    return RELATIONS.get(text, ""), at + 1


def _arrow(pieces: Sequence[Piece], at: int) -> bool:
    """`w <- 3`, not `x <-3`: a blank follows the arrow."""
    return at + 2 < len(pieces) and pieces[at + 2].kind == "space"
