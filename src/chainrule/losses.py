"""The table of losses: each is one line of the formula language, in terms of an output and a target.

A loss is written once, as the text a person would write; explaining, differentiating and compiling it
all read that text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One loss: `factor` times the sum or mean over the outputs of `term`.

    In `term`, `{t}` is the target and `{o}` the output; where the two may be exchanged they are `{first}` and
    `{second}`, because some lectures write (t - o)^2 and others (o - t)^2. `reads` says what it is, in words.
    """

    name: str
    term: str
    factor: str = ""
    over: Literal["sum", "mean"] = "sum"
    reads: str

    def formula(self, output: str, target: str, *, output_first: bool = False) -> str:
        """The loss of all outputs as a formula; `output` and `target` name vectors of one length.

        >>> find_loss("half squared error").formula("a2", "t")
        '1/2*sum((t - a2)^2)'
        >>> find_loss("half squared error").formula("x2", "t", output_first=True)
        '1/2*sum((x2 - t)^2)'
        """
        return f"{self.factor}{self.over}({self._term(output, target, output_first)})"

    def of_one(self, output: str, target: str, *, output_first: bool = False) -> str:
        """What one output adds to the loss, for lectures that write E = E1 + E2; the names are single numbers.

        Raises ProblemError for a mean, whose parts are not summed.

        >>> find_loss("half squared error").of_one("out_o1", "t1")
        '1/2*(t1 - out_o1)^2'
        >>> find_loss("binary cross entropy").of_one("o", "t")
        '-(t*ln(o) + (1 - t)*ln(1 - o))'
        """
        if self.over != "sum":
            raise ProblemError(f"the loss {self.name} is not a sum over the outputs.")
        term = self._term(output, target, output_first)
        return f"{self.factor}({term})" if self.factor and _is_sum(term) else f"{self.factor}{term}"

    def _term(self, output: str, target: str, output_first: bool) -> str:
        first, second = (output, target) if output_first else (target, output)
        return self.term.format(t=target, o=output, first=first, second=second)


def _is_sum(term: str) -> bool:
    """Whether a term is a sum outside all brackets, so that a factor before it needs some."""
    depth = 0
    for character in term:
        depth += (character == "(") - (character == ")")
        if not depth and character in "+-":
            return True
    return False


_TABLE: Final = (
    Loss(
        name="half squared error",
        factor="1/2*",
        term="({first} - {second})^2",
        reads="½ Σ (t - o)²: its derivative by an output is o - t",
    ),
    Loss(
        name="squared error",
        term="({first} - {second})^2",
        reads="Σ (t - o)²: its derivative by an output is 2 (o - t)",
    ),
    Loss(
        name="mean squared error",
        over="mean",
        term="({first} - {second})^2",
        reads="1/n Σ (t - o)² over the n outputs",
    ),
    Loss(
        name="absolute error",
        term="abs({first} - {second})",
        reads="Σ |t - o|: with a kink where an output meets its target",
    ),
    Loss(
        name="huber",
        term="where(abs({first} - {second}) <= 1, 1/2*({first} - {second})^2, abs({first} - {second}) - 1/2)",
        reads="Σ of ½ (t - o)² while |t - o| is at most 1, and |t - o| - ½ beyond (Huber 1964)",
    ),
    Loss(
        name="binary cross entropy",
        factor="-",
        term="{t}*ln({o}) + (1 - {t})*ln(1 - {o})",
        reads="-Σ (t ln o + (1 - t) ln(1 - o)), for outputs between 0 and 1, such as those of sigmoid",
    ),
    Loss(
        name="cross entropy",
        factor="-",
        term="{t}*ln({o})",
        reads="-Σ t ln o, for outputs that sum to 1, such as those of softmax",
    ),
    Loss(
        name="log cosh",
        # ln cosh d = d + ln(1 + e^(-2d)) - ln 2, which is not too large for any d.
        term="{first} - {second} + softplus(-2*({first} - {second})) - ln(2)",
        reads="Σ ln cosh(t - o): like ½ (t - o)² near 0 and like |t - o| far away; its derivative by o is tanh(o - t)",
    ),
    Loss(
        name="hinge",
        term="max(0, 1 - {t}*{o})",
        reads="Σ max(0, 1 - t o), for targets -1 and 1",
    ),
    Loss(
        name="kullback leibler",
        # The logarithms stay apart, so that a target of 0 has no derivative that is not a number.
        term="where({t} > 0, {t}*(ln({t}) - ln({o})), 0)",
        reads="Σ t ln(t/o), where a target of 0 counts nothing: how far the outputs are from the targets, both summing"
        " to 1 (Kullback and Leibler 1951)",
    ),
    Loss(
        name="poisson",
        term="{o} - {t}*ln({o})",
        reads="Σ (o - t ln o), for targets that are counts and outputs above 0, such as those of softplus",
    ),
)
LOSSES: Final[Mapping[str, Loss]] = {loss.name: loss for loss in _TABLE}
_OTHER_NAMES: Final = {
    "mse": "mean squared error",
    "mae": "absolute error",
    "bce": "binary cross entropy",
    "logcosh": "log cosh",
    "kl": "kullback leibler",
    "kl divergence": "kullback leibler",
    "kullback leibler divergence": "kullback leibler",
}


def find_loss(name: object) -> Loss:
    """The loss of that name; capitals, `_` and `-` do not matter.

    Raises ProblemError, with the name that was probably meant, if there is none.

    >>> find_loss("Cross_Entropy").formula("a2", "t")
    '-sum(t*ln(a2))'
    """
    known = ", ".join(LOSSES)
    if not isinstance(name, str):
        raise ProblemError(f"loss is {name!r}, expected a name in quotes.", hint=f"The losses are {known}.")
    plain = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    found = LOSSES.get(_OTHER_NAMES.get(plain, plain))
    if found is not None:
        return found
    near = nearest(plain, LOSSES, cutoff=0.5)
    meant = f"Did you mean {near!r}? " if near else ""
    raise ProblemError(f"there is no loss {name!r}.", hint=f"{meant}The losses are {known}.")
