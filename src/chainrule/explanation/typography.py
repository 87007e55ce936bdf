"""What a printer has to know of a problem to set its formulas: the notation, and which words are quantities."""

from __future__ import annotations

from chainrule.printing.glyphs import Typography
from chainrule.problem import Problem
from chainrule.quantity import Name


def typography_of(problem: Problem) -> Typography:
    """The typography of a problem's notation, in which its names are known.

    >>> from chainrule.problem import loads
    >>> typography_of(loads("formulas = 'y = 2*x'\\n[given]\\nx = 3")).known("y")
    True
    """
    names, aliases = problem.notation, problem.aliases
    arrays = {label.text for label in problem.labels if isinstance(label, Name)}

    def known(name: str) -> bool:
        if name in arrays or name in aliases:
            return True
        return names is not None and (names.read(name) is not None or names.read_array(name) is not None)

    return Typography(names, known)
