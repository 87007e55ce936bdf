"""How problems and explanations show themselves: the views and formats, hung where people look for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.explanation import Explanation, explain
from chainrule.explanation.byhand import HandExplanation, by_hand, hand_report
from chainrule.explanation.products import other_routes
from chainrule.explanation.report import report
from chainrule.explanation.spelling import Spelling, spelling_of
from chainrule.explanation.typography import typography_of
from chainrule.graph import Graph
from chainrule.node import NAME, label_of
from chainrule.printing.document import Chain, Code, Document
from chainrule.printing.expression import expression
from chainrule.printing.formats import format_of, render
from chainrule.printing.glyphs import Typography
from chainrule.printing.text import render_text
from chainrule.problem import Problem
from chainrule.problem.loops import expand
from chainrule.quantity import Derivative, spell
from chainrule.views.by_hand import hand_view
from chainrule.views.code import code
from chainrule.views.gates import gates_view
from chainrule.views.paths import paths_view
from chainrule.views.steps import steps_view

if TYPE_CHECKING:
    from chainrule.checking import Report

VIEWS = ("steps", "paths", "gates", "matrix", "derive", "code")
BY_THEMSELVES = ("matrix", "derive")  # views that need no steps unit by unit, so that a problem may have any size

LARGEST_SHOWN = 2_000  # operations of a problem that a notebook works out without being asked
LARGEST_GRAPH = 300  # definitions of a graph that a notebook shows

__all__ = [
    "BY_THEMSELVES",
    "LARGEST_SHOWN",
    "VIEWS",
    "Request",
    "by_hand",
    "check",
    "check_json",
    "check_rendered",
    "check_text",
    "code_text",
    "corrected_text",
    "document",
    "explain",
    "format_of",
    "graph_shown",
    "json_text",
    "rendered",
    "shown",
    "text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be explained, for a view that works it out itself: see `BY_THEMSELVES`."""

    problem: Problem
    update: int = 1
    digits: int = 9


def document(
    explanation: Explanation | Request, *, view: str = "steps", until: str | None = None, of: Sequence[str] = ()
) -> Document:
    """The document of an explanation in one of `VIEWS`; a `Request` is enough for those `BY_THEMSELVES`.

    Raises `ProblemError` for a view there is not.
    """
    of = [line for asked in of for line in expand(explanation.problem, asked)]  # `for j in 1..2` stands for two
    if view == "matrix":
        return matrix_document(explanation, until=until, of=of)
    if view == "derive":
        return derive_document(explanation, until=until, of=of)
    explanation = _worked_out(explanation)
    if isinstance(explanation, HandExplanation):
        if view != "steps":
            raise ProblemError(f"the view {view!r} is not worked out by hand.", hint="Leave out --by-hand or --view.")
        return hand_view(explanation, until=until, of=of)
    if view == "steps":
        return steps_view(explanation, until=until, of=of)
    if view == "paths":
        return paths_view(explanation, until=until, of=of)
    if view == "gates":
        return gates_view(explanation, until=until, of=of)
    if view == "code":
        return Document((Code(code_text(explanation)),))
    raise ProblemError(f"there is no view {view!r}.", hint=f"The views are {', '.join(VIEWS)}.")


def _worked_out(asked: Explanation | Request) -> Explanation:
    """The steps of what is asked for, unit by unit."""
    return explain(asked.problem, steps=asked.update, digits=asked.digits) if isinstance(asked, Request) else asked


def matrix_document(asked: Explanation | Request, *, until: str | None, of: Sequence[str]) -> Document:
    """The matrix view."""
    from chainrule.explanation.arrays import explain_arrays
    from chainrule.views.matrix import matrix_view

    solution = explain_arrays(asked.problem, steps=asked.update, digits=asked.digits)
    return matrix_view(solution, until=until, of=of)


def derive_document(asked: Explanation | Request, *, until: str | None, of: Sequence[str]) -> Document:
    """The derive view."""
    from chainrule.views.derive import derive_view

    return derive_view(asked.problem, until=until, of=of)


def code_text(explanation: Explanation) -> str:
    """The program of the forward pass, the backward pass and the update: valid Python."""
    passes, problem = explanation.passes, explanation.problem
    spelling: Spelling = spelling_of(problem)
    forward = [n for n in passes.backward.outputs.values() if n.op is NAME and n in explanation.forward]
    return code(
        forward,
        inputs=explanation.exact_inputs(),
        backward=passes.backward if passes.of is not None else None,
        shown=[Derivative(passes.of, by) for by in explanation.shown] if passes.of is not None else None,
        updates=passes.update,
        rename=spelling.with_delta,
        other_route=other_routes(passes.backward),
    )


def text(
    explanation: Explanation | Request,
    *,
    view: str = "steps",
    width: int = 100,
    color: bool = False,
    ascii_only: bool = False,
    until: str | None = None,
    of: Sequence[str] = (),
) -> str:
    """An explanation as text for a terminal."""
    page = document(explanation, view=view, until=until, of=of)
    return render_text(page, width=width, color=color, ascii_only=ascii_only)


def rendered(page: Document, style: str, *, problem: Problem, fragment: bool = False) -> str:
    """A document about a problem as "markdown", "latex" or "html"; raises `ProblemError` for another format."""
    return render(page, style, typography=typography_of(problem), fragment=fragment)


def shown(what: Explanation | Problem, style: str) -> str | None:
    """What a notebook shows of it in one of the formats; nothing for a problem too large to be worked out unasked."""
    if isinstance(what, Problem):
        if what.operations > LARGEST_SHOWN:
            return None
        what = explain(what)
    return rendered(document(what), style, problem=what.problem, fragment=style != "markdown")


def graph_shown(graph: Graph, style: str) -> str | None:
    """What a notebook shows of a graph: its definitions, in the order of use; nothing of one too large to read."""
    named = [n for n in graph.nodes() if n.op is NAME]
    if len(named) > LARGEST_GRAPH:
        return None
    results = [(label, n) for label, n in graph.outputs.items() if n.op is not NAME]
    chains = [Chain(spell(label_of(n)), (expression(n.args[0]),)) for n in named]
    chains += [Chain(spell(label), (expression(n),)) for label, n in results]
    return render(Document(tuple(chains)), style, typography=Typography(), fragment=style != "markdown")


def json_text(explanation: Explanation | Request, *, of: Sequence[str] = ()) -> str:
    """An explanation as one JSON document."""
    explanation = _worked_out(explanation)
    if isinstance(explanation, HandExplanation):
        return _json(hand_report(explanation, of=of))
    return _json(report(explanation, of=of))


# What checks stands on flint, which a worked solution does without: it is loaded when there is something to check.


def check(problem: Problem) -> Report:
    """The verdict on every link of a problem's `working`."""
    from chainrule.checking import check as judged

    return judged(problem)


def check_text(report: Report, *, width: int = 100, color: bool = False, ascii_only: bool = False) -> str:
    """A report as text for a terminal."""
    from chainrule.views.check import check_view

    return render_text(check_view(report), width=width, color=color, ascii_only=ascii_only)


def check_rendered(report: Report, style: str, *, fragment: bool = False) -> str:
    """A report as "markdown", "latex" or "html"."""
    from chainrule.views.check import check_view

    return rendered(check_view(report), style, problem=report.problem, fragment=fragment)


def corrected_text(report: Report, *, harmless: bool = False) -> str:
    """The working as it should be; `harmless` shows what a terminal would obey."""
    from chainrule.views.check import harmless as made_harmless

    lines = report.corrected().strip("\n").split("\n")
    return "\n".join(map(made_harmless, lines) if harmless else lines) + "\n"


def check_json(report: Report) -> str:
    """A report as one JSON document."""
    return _json(report.as_json())


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
