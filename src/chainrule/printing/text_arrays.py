"""Arrays in brackets beside each other, as text: numbers aligned at the decimal point, signs at half height."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.printing.document import Piece, Rows

_INDENT = 4  # where an array would not fit behind its left side


def array_lines(left: str, rights: Sequence[Sequence[Piece]], width: int) -> list[str]:
    """The lines of `left = right = right = ...`; a right side too wide for the page goes on below, from a sign on.

    >>> W, x, z = (("0.5", "1.5"), ("0.8", "-1.6")), (("1",), ("0.7",)), (("1.55",), ("-0.32",))
    >>> print("\\n".join(array_lines("z", [("W @ x",), (W, x, " = ", z)], 60)))
    z = W @ x
    <BLANKLINE>
      = [ 0.5  1.5 ] [ 1   ] = [  1.55 ]
        [ 0.8 -1.6 ] [ 0.7 ]   [ -0.32 ]
    """
    margin = len(left) + 3
    lines: list[str] = []
    for number, right in enumerate(rights):
        start = left if number == 0 else ""
        lines += _right_side(start, [block for block in map(_block, right) if block], margin, width, bool(lines))
    return lines


def _right_side(start: str, blocks: list[list[str]], margin: int, width: int, again: bool) -> list[str]:
    tall = any(len(block) > 1 for block in blocks)
    if tall and max(len(block[0]) for block in blocks) > width - margin:
        margin = _INDENT  # one array alone may be wider than what is left of the page
    rows = _filled(blocks, max(width - margin, 20))
    lines: list[str] = []
    for number, row in enumerate(rows):
        joined = _beside(row)
        middle = (len(joined) - 1) // 2
        head = " " * (margin - 2) + "= "
        if start and number == 0:
            short = len(start) + 3 <= margin
            head = f"{start} = ".rjust(margin) if short else head
            lines += [] if short else [start]
        if len(joined) > 1 and (again or lines):
            lines.append("")
        if number and row[0][0].startswith("= "):  # below the equals sign before
            margin -= 2
        lines += [(head if k == middle and not number else " " * margin) + line for k, line in enumerate(joined)]
    return lines


def _filled(blocks: list[list[str]], room: int) -> list[list[list[str]]]:
    """The blocks in rows that fit; a row begins with a sign where it can."""
    rows: list[list[list[str]]] = [[]]
    used = 0
    for k, block in enumerate(blocks):
        wide = len(block[0])
        following = len(blocks[k + 1][0]) if len(block) == 1 and k + 1 < len(blocks) else 0
        if rows[-1] and used + wide + following > room:
            rows.append([])
            used = 0
        rows[-1].append(block if rows[-1] else [line.removeprefix(" ") if len(block) == 1 else line for line in block])
        used += wide + 1
    return rows


def _beside(blocks: list[list[str]]) -> list[str]:
    """Blocks side by side, each at half height; a space between two arrays."""
    height = max(len(block) for block in blocks)
    lines = [""] * height
    before: list[str] | None = None
    for block in blocks:
        above = (height - 1) // 2 - (len(block) - 1) // 2
        gap = " " if before is not None and before[0].endswith("]") and block[0].startswith("[") else ""
        blank = " " * len(block[0])
        lines = [
            line + gap + (block[k - above] if 0 <= k - above < len(block) else blank) for k, line in enumerate(lines)
        ]
        before = block
    return lines


def _block(piece: Piece) -> list[str]:
    return [piece] if isinstance(piece, str) else bracketed_rows(piece)


def bracketed_rows(rows: Rows) -> list[str]:
    """The rows of an array, each in brackets, columns aligned at the decimal point.

    >>> bracketed_rows((("1", "-0.25"), ("0.7", "10")))
    ['[ 1   -0.25 ]', '[ 0.7 10    ]']
    """
    columns = [_aligned([row[j] for row in rows]) for j in range(len(rows[0]))]
    return [f"[ {' '.join(column[i] for column in columns)} ]" for i in range(len(rows))]


def _aligned(cells: list[str]) -> list[str]:
    plain = [cell for cell in cells if cell != "..."]
    whole = max([len(cell.partition(".")[0]) for cell in plain], default=0)
    rest = max([len(cell) - len(cell.partition(".")[0]) for cell in plain], default=0)
    found = [
        cell if cell == "..." else (" " * (whole - len(cell.partition(".")[0])) + cell).ljust(whole + rest)
        for cell in cells
    ]
    wide = max(map(len, found))
    return [cell.center(wide) if cell == "..." else cell.rjust(wide) for cell in found]


def derivation_lines(left: str, lines: Sequence[tuple[str, str]], width: int) -> list[str]:
    """A derivation: expressions below each other at the equals sign, reasons in a column of their own.

    >>> print("\\n".join(derivation_lines("dx/dt", [("d/dt(t^2)", ""), ("2*t", "power rule")], 60)))
    dx/dt = d/dt(t^2)
          = 2*t          power rule
    """
    margin = len(left) + 3
    fitting = [len(text) for text, reason in lines if margin + len(text) + 4 + len(reason) <= width]
    column = max(fitting, default=0)
    found: list[str] = []
    for number, (text, reason) in enumerate(lines):
        head = f"{left} = " if number == 0 else " " * (margin - 2) + "= "
        beside = len(text) <= column and margin + column + 4 + len(reason) <= width
        if beside or not reason:
            found.append(f"{head}{text.ljust(column)}    {reason}".rstrip())
        else:
            found += [head + text, " " * (margin + 4) + reason]
    return found
