"""The formula language: the text of formulas and quantities -> parse trees that remember how it was printed.

`parser` reads expressions, `definitions` blocks of them, `render` prints them back; trees are in `syntax`.
"""

from chainrule.formula.definitions import Definition, parse_definitions
from chainrule.formula.parser import parse_expression, parse_quantity
from chainrule.formula.reading import Parsed, Remark
from chainrule.formula.tokens import locate

__all__ = [
    "Definition",
    "Parsed",
    "Remark",
    "locate",
    "parse_definitions",
    "parse_expression",
    "parse_quantity",
]
