"""The formats a document is rendered in, by name and by the ending of a file."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from chainrule.errors import ProblemError
from chainrule.printing.document import Document
from chainrule.printing.glyphs import Typography

FORMATS: Final = ("text", "json", "markdown", "latex", "html")
_ENDINGS: Final = {".md": "markdown", ".markdown": "markdown", ".tex": "latex", ".html": "html", ".htm": "html",
                   ".json": "json"}  # fmt: skip
_IN_PARTS: Final = ("latex", "html")


def format_of(output: str | None) -> str:
    """The format that the name of a file asks for; text without a name or with another ending.

    >>> format_of("004.tex"), format_of("page.HTML"), format_of("notes.txt"), format_of(None)
    ('latex', 'html', 'text', 'text')
    """
    return _ENDINGS.get(PurePath(output).suffix.lower(), "text") if output is not None else "text"


def render(document: Document, style: str, *, typography: Typography | None = None, fragment: bool = False) -> str:
    """The document as "markdown", "latex" or "html"; `fragment` leaves out what makes it a page of its own.

    Raises `ProblemError` for another format, and for a fragment of a format that has no frame.
    """
    if fragment and style not in _IN_PARTS:
        raise ProblemError(f"--fragment goes with the formats latex and html, not with {style}.")
    if style == "markdown":
        from chainrule.printing.markdown import render_markdown

        return render_markdown(document, typography=typography)
    if style == "latex":
        from chainrule.printing.latex import render_latex

        return render_latex(document, typography=typography, fragment=fragment)
    if style == "html":
        from chainrule.printing.html import render_html

        return render_html(document, typography=typography, fragment=fragment)
    raise ProblemError(f"there is no format {style!r}.", hint=f"The formats are {', '.join(FORMATS)}.")
