"""Writes a problem file from notes: the formulas, givens and working found in them, for a person to finish.

What the notes do not say - what learns, which value a name has - is left as a comment, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chainrule.checking.figures import read_figure
from chainrule.checking.notes.document import Chain, Document
from chainrule.checking.notes.meaning import is_plain
from chainrule.checking.notes.spelling import respelled, spellings
from chainrule.checking.notes.values import is_closed
from chainrule.dataclasses import dataclass, field
from chainrule.formula.syntax import CONSTANTS, FUNCTIONS, DerivativeRef, FunctionPrime, Ref, Tree, ungroup, walk

_RATES: Final = frozenset({"η", "eta", "lr", "α"})


@dataclass(slots=True)
class _Found:
    """What was found: formulas and values by name, lines of working, what derivatives are taken by."""

    names: dict[str, str] = field(default_factory=dict)
    formulas: dict[str, tuple[str, int, frozenset[str]]] = field(default_factory=dict)
    computed: dict[str, tuple[str, int, frozenset[str]]] = field(default_factory=dict)  # from numbers only
    values: dict[str, str] = field(default_factory=dict)
    working: list[str] = field(default_factory=list)
    differentiated: dict[str, int] = field(default_factory=dict)
    learning: set[str] = field(default_factory=set)
    rate: str = ""

    def name(self, name: str) -> str | None:
        if name not in self.names:
            taken = set(self.names.values())
            free = (
                one for one in spellings(name) if one not in taken and one not in FUNCTIONS and one not in CONSTANTS
            )
            found = next(free, None)
            if found is None:
                return None
            self.names[name] = found
        return self.names[name]


def problem_text(document: Document) -> str:
    """A problem file with the givens, formulas and working of a page.

    >>> from chainrule.checking.notes.document import read_page
    >>> from chainrule.checking.notes.finding import Page
    >>> page = Page("n.md", "$x = 3$ $y = 2x + 1 = 2 \\\\cdot 3 + 1 = 7$")
    >>> [line for line in problem_text(read_page(page)).splitlines() if "  # " in line]
    ['y = 2*x+1  # line 1', 'y = 2*x+1 = 2*3+1 = 7  # line 1']
    """
    found = _Found()
    for chain in document.chains:
        if not chain.struck and not chain.conditional and len(chain.sides) > 1:
            _take(chain, document, found)
    return "\n".join(_lines(document, found)) + "\n"


def _take(chain: Chain, document: Document, found: _Found) -> None:
    head = chain.sides[0].tree
    if head is None:
        return
    inner = ungroup(head)
    line = document.page.position(chain.sides[0].start)[0]
    for side in chain.sides:
        for one in walk(side.tree) if side.tree is not None else ():
            if isinstance(one, DerivativeRef):
                _take_derivative(one, found)
    body = chain.sides[1]
    if isinstance(inner, Ref) and body.tree is not None:
        figure = read_figure(body.tree)
        if figure is not None:
            _take_value(inner.name, figure.text, found)
        elif is_closed(body.tree):
            if (spelled := found.name(inner.name)) is not None and (text := respelled(body, found.name)) is not None:
                found.computed.setdefault(spelled, (text, line, frozenset()))
        elif _is_formula(body.tree, inner.name):
            _take_formula(inner.name, respelled(body, found.name), body.tree, line, found)
    if len(chain.sides) > 2 or (isinstance(inner, DerivativeRef) and chain.sides[-1].tree is not None):
        texts = [respelled(side, found.name) for side in chain.sides]
        if texts[0] is not None and isinstance(inner, Ref | DerivativeRef):
            found.working.append(f"{' = '.join(text for text in texts if text)}  # line {line}")


def _take_value(name: str, text: str, found: _Found) -> None:
    if name in _RATES:
        found.rate = found.rate or text
    elif (spelled := found.name(name)) is not None:
        found.values.setdefault(spelled, text)


def _take_formula(name: str, text: str | None, tree: Tree, line: int, found: _Found) -> None:
    spelled = found.name(name)
    if text is not None and spelled is not None and not spelled.endswith("'") and "'" not in text:
        used = {found.names.get(one.name, "") for one in walk(tree) if isinstance(one, Ref)}
        found.formulas.setdefault(spelled, (text, line, frozenset(used)))


def _take_derivative(tree: DerivativeRef, found: _Found) -> None:
    of, by = ungroup(tree.of), ungroup(tree.by)
    if isinstance(of, Ref) and isinstance(by, Ref):
        top, bottom = found.name(of.name), found.name(by.name)
        if top is not None and bottom is not None:
            found.differentiated[top] = found.differentiated.get(top, 0) + 1
            found.learning.add(bottom)


def _is_formula(tree: Tree, name: str) -> bool:
    if not is_plain(tree) or isinstance(ungroup(tree), Ref):
        return False
    return not any(
        (isinstance(one, Ref) and one.name == name) or isinstance(one, DerivativeRef | FunctionPrime)
        for one in walk(tree)
    )


def _lines(document: Document, found: _Found) -> Iterator[str]:
    name = Path(document.page.file).name.replace('"', "'")
    yield f"# Taken from {name}. Look it over: what learns, and what is minimised, is for you to say."
    yield f'title = "{name}"'
    used = {name for _, _, names in found.formulas.values() for name in names if name}
    missing = sorted(used - set(found.formulas) - set(found.values))
    found.formulas |= {name: found.computed[name] for name in missing if name in found.computed}
    missing = [name for name in missing if name not in found.computed]
    if missing:
        yield f"symbols = [{', '.join(_quoted(name) for name in missing)}]  # names without a value"
    yield ""
    yield "formulas = '''"
    yield from (f"{name} = {text}  # line {line}" for name, (text, line, _) in found.formulas.items())
    yield "'''"
    total = max(found.differentiated, key=lambda name: found.differentiated[name], default="")
    learning = {name for name in found.learning if name in found.values and name in used and name not in found.formulas}
    if total in found.formulas and learning:
        yield f'minimise = "{total}"'
        if found.rate:
            yield f"rate = {found.rate}"
    yield ""
    yield "working = '''"
    yield from found.working
    yield "'''"
    values = {name: text for name, text in found.values.items() if name not in found.formulas and name in used}
    for table, names in (("given", set(values) - learning), ("parameters", learning)):
        if names:
            yield ""
            yield f"[{table}]"
            yield from (f"{_key(name)} = {_number(values[name])}" for name in values if name in names)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _key(name: str) -> str:
    return name if name.isascii() else _quoted(name)


def _number(text: str) -> str:
    """A number as TOML has it: 0.5 for .5."""
    sign = "-" if text.startswith("-") else ""
    bare = text.removeprefix("-")
    return f"{sign}0{bare}" if bare.startswith(".") else text if bare.replace(".", "", 1).isdecimal() else _quoted(text)
