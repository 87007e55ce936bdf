from __future__ import annotations
from collections.abc import Sequence
from dataclasses import dataclass
from chainrule.problem import Problem
@dataclass
class Derived:
    left: str
    note: str = ""
    def texts(self) -> tuple[tuple[str, str], ...]:
        return ()
def derivations(problem: Problem, of: Sequence[str]) -> list[tuple[str, list[Derived]]]:
    return []
