"""Checking lecture notes: the equalities of numbers and formulas printed in Markdown and LaTeX, without a problem file.

`finding` -> `latex` -> `statements` -> `reading` -> `document` reads a page; `judging` and `memory` judge its numbers,
`identities` and `meaning` its formulas; `report` and `formats` say what was found.
"""

from chainrule.checking.notes.checker import check_notes, check_page, extract, is_notes
from chainrule.checking.notes.formats import printed
from chainrule.checking.notes.report import NoteLink, NotesReport

__all__ = ["NoteLink", "NotesReport", "check_notes", "check_page", "extract", "is_notes", "printed"]
