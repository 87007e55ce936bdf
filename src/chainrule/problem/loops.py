"""Loops in what people ask for and claim: `o_j for j in 3..4`, `sum(delta_k*w_kj for k in downstream(j))`.

A lecture writes one line for all units of a layer. Here it becomes the lines it stands for, before anything is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NoReturn

from chainrule.dataclasses import dataclass, field
from chainrule.errors import FormulaError
from chainrule.formula.lowering import PlaceOf
from chainrule.formula.tokens import fail, show
from chainrule.node import NAME, arguments_of, is_quantity, label_of
from chainrule.problem.names import known_in
from chainrule.quantity import Name

if TYPE_CHECKING:
    from chainrule.problem.problem import Problem

MOST_LINES: Final = 1_000  # that one line may stand for, and terms that one sum may have
MOST_CHARACTERS: Final = 200_000  # of all of them together
LONGEST: Final = 5_000  # text with a loop
MOST_NESTED: Final = 8  # sums in sums, and loops in one header

_FOR: Final = re.compile(r"(?<![\w.])for(?!\w)")
_SUM: Final = re.compile(r"(?<![\w.])sum\s*\(")
_WORD: Final = re.compile(r"(?<![\w.])[^\W\d_]\w*")
_LOOP: Final = re.compile(r"\s*([^\W\d_])\s+in\s+(.*?)[\s,]*", re.DOTALL)
_BOUND: Final = r"([0-9]{1,9}|[^\W\d_])"
_RANGE: Final = re.compile(rf"\s*{_BOUND}\s*(?:\.\.\s*{_BOUND}\s*)?")
_DOWNSTREAM: Final = re.compile(rf"\s*downstream\s*\(\s*{_BOUND}\s*\)\s*")
_NUMBERED: Final = re.compile(r"([^\W\d_]+)_?([0-9]{1,9})")
_INPUTS: Final = ("x", "i", "in", "input", "o", "a")  # what inputs of formulas are called; w1 is none
_HINT_SUM: Final = "Write sum(delta_k*w_kj for k in 5..6)."
_HINT: Final = "Write for j in 1..2, for j in 3, 4 or for k in downstream(j)."

_Letters = Mapping[str, int]


def expand(problem: Problem, text: str, *, place: PlaceOf | None = None) -> list[str]:
    """The lines that a line with loops stands for; one without loops stands for itself.

    A loop letter is replaced as an index: in `W[k,j]`, in `o{k}` and in subscripts such as `w_kj`. Raises
    `FormulaError` for a loop that cannot be read, is over nothing, or goes on for too long.

    >>> from chainrule.problem import loads
    >>> problem = loads("formulas = 'y = x_1*x_2'\\n[given]\\nx_1 = 3\\nx_2 = 4")
    >>> expand(problem, "dy/dx_i for i in 1..2")
    ['dy/dx_1', 'dy/dx_2']
    >>> expand(problem, "y + sum(2*x_i for i in 1..2)")
    ['y + (2*x_1 + 2*x_2)']
    """
    if not _FOR.search(text):
        return [text]
    work = _Expansion(problem, text, place, known_in(problem))
    end = text.find("#") if "#" in text else len(text)
    if len(text) > LONGEST:
        work.fail(0, f"found a loop in a text of {len(text):,} characters", f"At most {LONGEST:,} are read.")
    body, loops = work.split(0, end)
    if not loops or not text[:body].strip():
        return [work.replaced(0, end, {}, 0) + text[end:]]
    lines: list[str] = []
    last = len(text[:body].rstrip().rstrip(","))
    for letters in work.settings(loops, {}):
        if len(lines) == MOST_LINES:
            work.fail(loops[0][0], f"the line stands for more than {MOST_LINES:,} lines", "Ask for fewer of them.")
        line = work.replaced(0, last, letters, 0).rstrip()
        lines.append(line + (f"  {text[end:]}" if text[end:] else ""))
        work.spend(len(line))
    return lines


def downstream(problem: Problem, j: int) -> list[int]:
    """The numbers of the units whose net input uses the output of unit `j` directly.

    Units have numbers in the notation `mitchell`, and in formulas with names such as net3 and o3. Raises `FormulaError`
    where there is no unit of that number, or units have no numbers of their own.

    >>> from chainrule.problem import loads
    >>> downstream(loads("formulas = 'net2 = 2*x1; o2 = sin(net2); net3 = o2 + x1'\\n[given]\\nx1 = 1"), 1)
    [2, 3]
    """
    names = problem.notation
    if names is None:
        return _downstream_of_formulas(problem, j)
    if names.notation.name != "mitchell":
        raise FormulaError(
            f"found downstream({j}), but units have no numbers of their own in the notation {names.notation.name}.",
            hint="Write which units are meant, such as for k in 1..2.",
        )
    ends = list(accumulate(names.layers))
    if not 1 <= j <= ends[-1]:
        raise FormulaError(f"found downstream({j}), but the units are 1 to {ends[-1]}.")
    layer = next(i for i, end in enumerate(ends) if j <= end)
    return [] if layer == len(ends) - 1 else list(range(ends[layer] + 1, ends[layer + 1] + 1))


def _downstream_of_formulas(problem: Problem, j: int) -> list[int]:
    found: list[int] = []
    here = False
    for n in problem.graph.nodes():
        if n.op is not NAME or not (kind := _kind_and_number(label_of(n))):
            continue
        used = [(label_of(a), a.op is NAME) for a in arguments_of(n) if is_quantity(a)]
        feeds = any(_is_of_unit(label, defined, j) for label, defined in used)
        here = here or feeds or kind == ("net", j)
        if kind[0] == "net" and feeds and kind[1] != j:
            found.append(kind[1])
    if not here:
        raise FormulaError(
            f"found downstream({j}), but there is no unit {j}.",
            hint="Units have numbers where net inputs are called net3 or net_3, and outputs o3 or o_3.",
        )
    return sorted(dict.fromkeys(found))


def _is_of_unit(label: object, defined: bool, j: int) -> bool:
    kind = _kind_and_number(label)
    return kind is not None and kind[1] == j and (defined or kind[0] in _INPUTS)


def _kind_and_number(label: object) -> tuple[str, int] | None:
    """What `o_3` and `o3` are and which: ("o", 3)."""
    found = _NUMBERED.fullmatch(label.text) if isinstance(label, Name) else None
    return (found[1], int(found[2])) if found else None


@dataclass(slots=True)
class _Expansion:
    """One text with its loops; positions count in it, so that errors can say where."""

    problem: Problem
    text: str
    place: PlaceOf | None
    known: Callable[[str], bool]
    characters: int = 0
    names: dict[str, bool] = field(default_factory=dict)
    sums: dict[int, tuple[int, int, list[tuple[int, int]]]] = field(default_factory=dict)

    def split(self, start: int, end: int) -> tuple[int, list[tuple[int, int]]]:
        """Where the first `for` outside brackets stands, and the spans of the loops from there on."""
        depth, at = 0, list[int]()
        heads = {found.start() for found in _FOR.finditer(self.text, start, end)}
        for position in range(start, end):
            depth += (self.text[position] in "([{") - (self.text[position] in ")]}")
            if depth == 0 and position in heads:
                at.append(position)
        if not at:
            return end, []
        if len(at) > MOST_NESTED:
            self.fail(at[MOST_NESTED], f"found more than {MOST_NESTED} loops, the limit", "")
        return at[0], list(zip(at, [*at[1:], end], strict=True))

    def settings(self, loops: list[tuple[int, int]], letters: _Letters) -> Iterator[_Letters]:
        """What the letters stand for in turn, the first loop outermost."""
        if not loops:
            yield letters
            return
        start, end = loops[0]
        found = _LOOP.fullmatch(self.text, start + len("for"), end)
        if found is None:
            self.fail(start, f"found the loop {self.quote(start, end)}, which cannot be read", _HINT)
        for number in self.numbers(start, end, found[2], letters):
            yield from self.settings(loops[1:], {**letters, found[1]: number})

    def numbers(self, start: int, end: int, over: str, letters: _Letters) -> list[int]:
        units = _DOWNSTREAM.fullmatch(over)
        if units:
            return self.units(start, self.bound(start, units[1], letters))
        result: list[int] = []
        for part in over.split(","):
            found = _RANGE.fullmatch(part)
            if found is None:
                self.fail(start, f"found the loop {self.quote(start, end)}, which cannot be read", _HINT)
            first = self.bound(start, found[1], letters)
            last = self.bound(start, found[2], letters) if found[2] else first
            if last < first:
                self.fail(start, f"found the range {first}..{last}, which is empty", "The smaller number comes first.")
            if last - first + len(result) >= MOST_LINES:
                self.fail(start, f"the loop goes over more than {MOST_LINES:,} numbers", "Ask for fewer of them.")
            result += range(first, last + 1)
        return result

    def units(self, start: int, j: int) -> list[int]:
        try:
            result = downstream(self.problem, j)
        except FormulaError as error:
            self.fail(start, error.what.rstrip("."), error.hint or "")
        if not result:
            self.fail(start, f"found downstream({j}), but unit {j} feeds no other unit", "Leave this unit out.")
        return result

    def bound(self, start: int, text: str, letters: _Letters) -> int:
        if text in letters:
            return letters[text]
        if not text.isdigit():
            self.fail(start, f"found the letter {text}, which no loop before this one goes over", _HINT)
        return int(text)

    def replaced(self, start: int, end: int, letters: _Letters, depth: int) -> str:
        """This part of the text with its sums written out and its indices put in."""
        parts: list[str] = []
        while found := _SUM.search(self.text, start, end):
            if found.end() not in self.sums:
                close = self.closing(found, end)
                self.sums[found.end()] = (close, *self.split(found.end(), close))
            close, body, loops = self.sums[found.end()]
            if not loops:  # the function sum, of an array
                parts.append(self.indexed(start, found.end(), letters))
                start = found.end()
                continue
            if depth == MOST_NESTED:
                self.fail(found.start(), f"found more than {MOST_NESTED} sums in sums, the limit", "")
            if not self.text[found.end() : body].strip():
                self.fail(found.start(), "found a sum of nothing", _HINT_SUM)
            parts += [self.indexed(start, found.start(), letters), self.sum(found.end(), body, loops, letters, depth)]
            start = close + 1
        return "".join([*parts, self.indexed(start, end, letters)])

    def sum(self, start: int, end: int, loops: list[tuple[int, int]], letters: _Letters, depth: int) -> str:
        terms: list[str] = []
        for inner in self.settings(loops, letters):
            if len(terms) == MOST_LINES:
                self.fail(loops[0][0], f"the sum has more than {MOST_LINES:,} terms", "Sum fewer of them.")
            term = self.replaced(start, end, inner, depth + 1).strip()
            terms.append(f"({term})" if term[0] in "-−+" else term)
            self.spend(len(term))
        return f"({' + '.join(terms)})"

    def closing(self, opened: re.Match[str], end: int) -> int:
        """Where the bracket of a sum closes."""
        depth = 1
        for position in range(opened.end(), end):
            depth += (self.text[position] in "([{") - (self.text[position] in ")]}")
            if depth == 0:
                return position
        self.fail(opened.start(), "found a sum without its closing bracket", _HINT_SUM)

    def indexed(self, start: int, end: int, letters: _Letters) -> str:
        """A part without sums, every index put in."""
        self.spend(end - start)
        if not letters:
            return self.text[start:end]
        parts: list[str] = []
        for found in _WORD.finditer(self.text, start, end):
            word = found[0]
            new = str(letters[word]) if word in letters and self.is_index(found.start()) else self.name(word, letters)
            parts += [self.text[start : found.start()], new]
            start = found.end()
        return "".join([*parts, self.text[start:end]])

    def is_index(self, position: int) -> bool:
        """Whether a word stands in the index of an element or the number of an example."""
        before = re.split(r"[\[{]", self.text[max(0, position - MOST_LINES) : position])
        return len(before) > 1 and re.fullmatch(r"[\w\s,+-]*", before[-1]) is not None

    def name(self, word: str, letters: _Letters) -> str:
        """A name with numbers for the letters of its subscript, spelled as the problem does."""
        head, numbers = _subscript(word, letters)
        if not numbers:
            return word
        plain, apart = "".join(numbers), "_".join(numbers)
        forms = [f"{head}_{plain}", f"{head}_{apart}", f"{head}{plain}", f"{head}{apart}"]
        if any(len(number) > 1 for number in numbers):  # w_1_11, not the w_11_1 that w_111 may be as well
            forms = [forms[1], forms[3], forms[0], forms[2]]
        known = [form for form in forms if self.is_known(form)]
        return known[0] if known else word if self.is_known(word) else forms[0]

    def is_known(self, word: str) -> bool:
        if word not in self.names:
            self.names[word] = self.known(word) or (word.startswith("d") and self.known(word[1:]))
        return self.names[word]

    def spend(self, characters: int) -> None:
        self.characters += characters
        if self.characters > MOST_CHARACTERS:
            self.fail(0, f"written out this is more than {MOST_CHARACTERS:,} characters", "Ask for fewer lines.")

    def quote(self, start: int, end: int) -> str:
        return show(" ".join(self.text[start:end].split()))

    def fail(self, position: int, what: str, hint: str) -> NoReturn:
        fail(self.text, position, what, hint=hint, base=self.place)


def _subscript(word: str, letters: _Letters) -> tuple[str, list[str]]:
    """A name without its subscript, and the numbers that this is: `W2_kj` with k = 1, j = 3 is W2 and 1, 3."""
    head, groups = word, list[str]()
    while "_" in head and _is_subscript(head.rpartition("_")[2], letters):
        head, _, last = head.rpartition("_")
        groups.insert(0, last)
    if not groups and (found := re.fullmatch(r"(\w*[0-9])([^\W\d_]+)", word)) and _is_subscript(found[2], letters):
        head, groups = found[1], [found[2]]  # x2k
    parts = [part for group in groups for part in re.findall(r"[0-9]+|[^\W\d_]", group)]
    if not head or not any(part in letters for part in parts):
        return word, []
    return head, [str(letters.get(part, part)) for part in parts]


def _is_subscript(text: str, letters: _Letters) -> bool:
    return bool(text) and all(c in letters or c in "0123456789" for c in text)
