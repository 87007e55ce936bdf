"""How problems and explanations show themselves: the views and formats, hung where people look for them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chainrule.errors import ProblemError
from chainrule.explanation import Explanation, explain
from chainrule.explanation.products import other_routes
from chainrule.explanation.report import report
from chainrule.explanation.spelling import Spelling, spelling_of
from chainrule.explanation.typography import typography_of
from chainrule.node import NAME
from chainrule.printing.document import Code, Document
from chainrule.printing.formats import format_of, render
from chainrule.printing.text import render_text
from chainrule.problem import Problem
from chainrule.quantity import Derivative
from chainrule.views.code import code
from chainrule.views.gates import gates_view
from chainrule.views.paths import paths_view
from chainrule.views.steps import steps_view

VIEWS = ("steps", "paths", "gates", "code")

LARGEST_SHOWN = 2_000  # operations of a problem that a notebook works out without being asked

__all__ = [
    "LARGEST_SHOWN",
    "VIEWS",
    "code_text",
    "document",
    "explain",
    "format_of",
    "json_text",
    "rendered",
    "shown",
    "text",
]


def document(
    explanation: Explanation, *, view: str = "steps", until: str | None = None, of: Sequence[str] = ()
) -> Document:
    """The document of an explanation in one of the views: "steps", "paths", "gates" or "code".

    Raises `ProblemError` for a view there is not.
    """
    if view == "steps":
        return steps_view(explanation, until=until, of=of)
    if view == "paths":
        return paths_view(explanation, until=until, of=of)
    if view == "gates":
        return gates_view(explanation, until=until, of=of)
    if view == "code":
        return Document((Code(code_text(explanation)),))
    raise ProblemError(f"there is no view {view!r}.", hint=f"The views are {', '.join(VIEWS)}.")


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
    explanation: Explanation,
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
    return rendered(steps_view(what), style, problem=what.problem, fragment=style != "markdown")


def json_text(explanation: Explanation, *, of: Sequence[str] = ()) -> str:
    """An explanation as one JSON document."""
    return json.dumps(report(explanation, of=of), ensure_ascii=False, indent=1) + "\n"
