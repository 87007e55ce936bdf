"""Diagnosis: which single slip would give what was written?

`misprints` looks at the digits, `edits` at the formulas, `kin` knows what is taken for what, `search` works out what
each slip would give, and `ranking` says which of those that fit a teacher would name first.
"""

from __future__ import annotations

from chainrule.checking.diagnosis.figures import figure_causes
from chainrule.checking.diagnosis.formulas import formula_causes
from chainrule.checking.diagnosis.scene import scene_of
from chainrule.checking.diagnosis.search import Toolbox, toolbox
from chainrule.checking.diagnosis.substitutions import substitution_causes
from chainrule.checking.figures import region
from chainrule.checking.paper import Paper, meets
from chainrule.checking.report import Cause
from chainrule.checking.verdict import Judged
from chainrule.dataclasses import dataclass, field
from chainrule.errors import ChainruleError
from chainrule.numbers.interval import Interval
from chainrule.quantity import Quantity

__all__ = ["Diagnoses", "causes_of"]


@dataclass(slots=True, eq=False)
class Diagnoses:
    """The diagnoses of a working; a slip that was found at a quantity explains its figure on a later line too."""

    paper: Paper
    tools: Toolbox = field(init=False)
    found: dict[Quantity, list[tuple[Interval, tuple[Cause, ...]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tools = toolbox(self.paper)

    def of(self, judged: Judged) -> tuple[Cause, ...]:
        """The slips that would explain a wrong link, the likeliest first; empty if no single slip does."""
        earlier = self.found.setdefault(judged.claim.quantity, [])
        if judged.figure is not None:
            due = region(judged.figure, exact=judged.link.exact)
            for known, causes in earlier:
                if meets(due, known):
                    return causes
        try:
            causes = causes_of(self.paper, judged, self.tools)
        except ChainruleError:
            return ()  # the verdict stands, whatever cannot be worked out about its cause
        value = None if judged.form is None else self.paper.exact(judged.form.node)
        if causes and value is not None:
            earlier.append((value, causes))
        return causes


def causes_of(paper: Paper, judged: Judged, tools: Toolbox | None = None) -> tuple[Cause, ...]:
    """The slips that would explain a wrong link by itself, the likeliest first; empty if no single slip does."""
    scene = scene_of(tools or toolbox(paper), judged)
    match judged.kind:
        case "figure":
            return figure_causes(scene)
        case "substitution":
            return substitution_causes(scene)
    return formula_causes(scene)
