"""Problem files: TOML that says what a lecturer writes on the board, read into one graph.

`problem` says what a problem is, `build` reads one, `tables` its numbers, `layers` its network, `resolve` names.
"""

from chainrule.problem.build import load, loads
from chainrule.problem.problem import Problem, Training

__all__ = ["Problem", "Training", "load", "loads"]
