"""How problems and explanations show themselves: the views and formats, hung where people look for them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chainrule.errors import ProblemError
from chainrule.explanation import Explanation, explain
from chainrule.explanation.products import other_routes
from chainrule.explanation.report import report
from chainrule.explanation.spelling import Spelling, spelling_of
from chainrule.node import NAME
from chainrule.printing.document import Code, Document
from chainrule.printing.text import render_text
from chainrule.quantity import Derivative
from chainrule.views.code import code
from chainrule.views.gates import gates_view
from chainrule.views.paths import paths_view
from chainrule.views.steps import steps_view

VIEWS = ("steps", "paths", "gates", "code")

__all__ = ["VIEWS", "code_text", "document", "explain", "json_text", "text"]


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


def json_text(explanation: Explanation, *, of: Sequence[str] = ()) -> str:
    """An explanation as one JSON document."""
    return json.dumps(report(explanation, of=of), ensure_ascii=False, indent=1) + "\n"
