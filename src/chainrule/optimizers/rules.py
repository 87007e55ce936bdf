"""The update rules, each as its paper writes it: functions from a parameter and its derivative to nodes.

What they build is plain - nothing is simplified - so that it prints as written; what has a name gets a line of its
own in the worked solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.node import Node, const, label_of, name_node, node
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.choices import EQUAL, GREATER, LESS, LESS_EQUAL, MAX, MIN, SIGN, WHERE
from chainrule.ops.functions import SQRT
from chainrule.quantity import Change, Memory, Quantity, Updated

Options: TypeAlias = Mapping[str, Fraction]
Kept: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing a rule remembers of each parameter: its label before an update, and what it starts from."""

    label: Callable[[Quantity], Quantity]
    starts: Literal["zero", "rate"] = "zero"


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """What a rule sees: a parameter, its derivative, the rate, what is remembered, and the number of the update."""

    parameter: Node
    derivative: Node
    rate: Node
    memory: Kept
    number: Node
    options: Options

    def option(self, name: str) -> Node:
        """An option as a number in a formula."""
        return const(self.options[name])

    def named(self, name: str, body: Node) -> Node:
        """Something worked out on the way, such as mhat_w1."""
        return name_node(Memory(label_of(self.parameter), name), body)

    def kept(self, name: str, body: Node) -> Node:
        """What is remembered after the update, such as m_w1'."""
        return name_node(Updated(Memory(label_of(self.parameter), name)), body)

    def change(self, body: Node) -> Node:
        """The change of the parameter, Δw1."""
        return name_node(Change(label_of(self.parameter)), body)


# The parameter after the update, and the memory after it, named.
Rule: TypeAlias = Callable[[Here], tuple[Node, Kept]]


def change_before(parameter: Quantity) -> Quantity:
    """The label of the change that the update before this one made, from which momentum takes its part.

    `Δw5@1` is the next update's change, so this one is `Δw5@-1`.

    >>> from chainrule.quantity import Name, spell
    >>> spell(change_before(Name("w5")))
    'Δw5(n-1)'
    """
    return Updated(Change(parameter), -1)


def remembered(name: str, *, starts: Literal["zero", "rate"] = "zero") -> Slot:
    """A slot with a name of its own: m_w1 of w1."""
    return Slot(lambda parameter: Memory(parameter, name), starts)


CHANGE: Final = Slot(change_before)
_MEAN_SQUARE: Final = remembered("v")


def times(x: Node, y: Node) -> Node:
    """x*y, as written."""
    return node(MUL, (x, y))


def square(x: Node) -> Node:
    """x^2, as written."""
    return node(POWER, (x, const(2)))


def _average(share: Fraction, before: Node, new: Node) -> Node:
    """share*before + (1 - share)*new: the running average that forgets."""
    return node(ADD, (times(const(share), before), times(const(1 - share), new)))


def sgd(here: Here) -> tuple[Node, Kept]:
    """Gradient descent: w' = w - rate*dE/dw.

    On one example after the other it is stochastic approximation (Robbins and Monro 1951, A stochastic approximation
    method, Annals of Mathematical Statistics 22).
    """
    return node(SUB, (here.parameter, times(here.rate, here.derivative))), ()


def momentum(here: Here) -> tuple[Node, Kept]:
    """Gradient descent with momentum: Δw = momentum*Δw of the update before - rate*dE/dw, and w' = w + Δw.

    Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors, Nature 323: there, alpha
    is the momentum and epsilon the rate.
    """
    (before,) = here.memory
    kept = times(here.option("momentum"), before)
    change = here.change(node(SUB, (kept, times(here.rate, here.derivative))))
    return node(ADD, (here.parameter, change)), (change,)


def nesterov(here: Here) -> tuple[Node, Kept]:
    """Nesterov's momentum: v' = momentum*v - rate*dE/dw, and w' = w + momentum*v' - rate*dE/dw.

    Nesterov 1983, A method of solving a convex programming problem with convergence rate O(1/k²), in the form of
    Sutskever, Martens, Dahl and Hinton 2013 (On the importance of initialization and momentum in deep learning) that
    keeps the point at which the derivative is taken, as PyTorch does.
    """
    (before,) = here.memory
    step = times(here.rate, here.derivative)
    velocity = here.kept("v", node(SUB, (times(here.option("momentum"), before), step)))
    ahead = node(ADD, (here.parameter, times(here.option("momentum"), velocity)))
    return node(SUB, (ahead, step)), (velocity,)


def adagrad(here: Here) -> tuple[Node, Kept]:
    """Adagrad: s' = s + (dE/dw)^2, and w' = w - rate*dE/dw/(sqrt(s') + epsilon).

    Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization, Journal
    of Machine Learning Research 12.
    """
    (before,) = here.memory
    total = here.kept("s", node(ADD, (before, square(here.derivative))))
    return node(SUB, (here.parameter, _scaled(here, here.derivative, total))), (total,)


def rmsprop(here: Here) -> tuple[Node, Kept]:
    """RMSprop: v' = rho*v + (1 - rho)*(dE/dw)^2, and w' = w - rate*dE/dw/(sqrt(v') + epsilon).

    With momentum the step is remembered: Δw = momentum*Δw of the update before - rate*dE/dw/(sqrt(v') + epsilon).
    Tieleman and Hinton 2012, lecture 6.5 of Neural networks for machine learning.
    """
    mean = here.kept("v", _average(here.options["rho"], here.memory[0], square(here.derivative)))
    step = _scaled(here, here.derivative, mean)
    if not here.options["momentum"]:
        return node(SUB, (here.parameter, step)), (mean,)
    change = here.change(node(SUB, (times(here.option("momentum"), here.memory[1]), step)))
    return node(ADD, (here.parameter, change)), (mean, change)


def rmsprop_slots(options: Options) -> tuple[Slot, ...]:
    """The mean square, and with momentum the last change."""
    return (_MEAN_SQUARE, CHANGE) if options["momentum"] else (_MEAN_SQUARE,)


def _scaled(here: Here, step: Node, mean_square: Node) -> Node:
    """rate*step/(sqrt(mean_square) + epsilon)."""
    root = node(ADD, (node(SQRT, (mean_square,)), here.option("epsilon")))
    return node(DIV, (times(here.rate, step), root))


def _moments(here: Here) -> tuple[Node, Node, Node, Node]:
    """Adam's m' and v', and both corrected for having begun at zero."""
    beta1, beta2 = here.options["beta1"], here.options["beta2"]
    first = here.kept("m", _average(beta1, here.memory[0], here.derivative))
    second = here.kept("v", _average(beta2, here.memory[1], square(here.derivative)))

    def corrected(moment: Node, beta: Fraction) -> Node:
        return node(DIV, (moment, node(SUB, (const(1), node(POWER, (const(beta), here.number))))))

    return first, second, here.named("mhat", corrected(first, beta1)), here.named("vhat", corrected(second, beta2))


def adam(here: Here) -> tuple[Node, Kept]:
    """Adam, in update n: w' = w - rate*mhat/(sqrt(vhat) + epsilon), with the moments

    m' = beta1*m + (1 - beta1)*dE/dw,   v' = beta2*v + (1 - beta2)*(dE/dw)^2

    corrected for their start at zero: mhat = m'/(1 - beta1^n), vhat = v'/(1 - beta2^n). Kingma and Ba 2015, Adam: a
    method for stochastic optimization.
    """
    first, second, mean, mean_square = _moments(here)
    return node(SUB, (here.parameter, _scaled(here, mean, mean_square))), (first, second)


def adamw(here: Here) -> tuple[Node, Kept]:
    """AdamW: Adam, with the weight decay apart: w' = w - rate*decay*w - rate*mhat/(sqrt(vhat) + epsilon).

    Loshchilov and Hutter 2019, Decoupled weight decay regularization.
    """
    first, second, mean, mean_square = _moments(here)
    decay = times(times(here.rate, here.option("decay")), here.parameter)
    shrunk = node(SUB, (here.parameter, decay))
    return node(SUB, (shrunk, _scaled(here, mean, mean_square))), (first, second)


def rprop(here: Here) -> tuple[Node, Kept]:
    """RPROP with weight backtracking (RPROP+): only the sign of the derivative counts, every weight has its own step.

    The step grows by eta_plus, to at most step_max, while the derivative keeps its sign, and shrinks by eta_minus, to
    at least step_min, when it changes it. Then the last change is taken back, Δw = -Δw of the update before, and the
    derivative is forgotten (slope' = 0), so that the step does not shrink twice; else Δw = -sign(dE/dw)*step'. The
    rate is the first step. Riedmiller and Braun 1993, A direct adaptive method for faster backpropagation learning:
    the RPROP algorithm; Igel and Hüsken 2000, Improving the Rprop learning algorithm.
    """
    step, change, slope = here.memory
    turn, zero = times(slope, here.derivative), const(0)
    grown = node(MIN, (times(here.option("eta_plus"), step), here.option("step_max")))
    shrunk = node(MAX, (times(here.option("eta_minus"), step), here.option("step_min")))
    turned, same = node(LESS, (turn, zero)), node(GREATER, (turn, zero))
    new_step = here.kept("step", node(WHERE, (same, grown, node(WHERE, (turned, shrunk, step)))))
    downhill = times(node(NEG, (node(SIGN, (here.derivative,)),)), new_step)
    new_change = here.change(node(WHERE, (turned, node(NEG, (change,)), downhill)))
    new_slope = here.kept("slope", node(WHERE, (turned, zero, here.derivative)))
    return node(ADD, (here.parameter, new_change)), (new_step, new_change, new_slope)


def quickprop(here: Here) -> tuple[Node, Kept]:
    """Quickprop: a jump to the lowest point of the parabola through the last two slopes S, and a step downhill.

    The jump is S'/(S - S')*Δw with the slopes S of the update before and S' of this one, but no longer than mu*Δw:
    that is taken while the slope is down the last change and has fallen to no less than mu/(1 + mu) of what it was.
    There is no parabola without a last change, nor where the slopes are equal. The step -rate*S' is added unless the
    last change has gone too far, so that the slope is against it. Fahlman 1988, An empirical study of learning speed in
    back-propagation networks.
    """
    change, slope = here.memory
    mu, zero, now = here.options["mu"], const(0), here.derivative
    limit = node(SUB, (now, times(const(mu / (1 + mu)), slope)))
    long = node(LESS, (times(limit, change), zero))
    gap = node(SUB, (slope, now))
    none = node(EQUAL, (times(gap, change), zero))
    parabola = times(node(DIV, (now, gap)), change)
    jump = node(WHERE, (long, times(const(mu), change), node(WHERE, (none, zero, parabola))))
    down = node(WHERE, (node(LESS_EQUAL, (times(now, change), zero)), times(here.rate, now), zero))
    jump, down = here.named("jump", jump), here.named("down", down)
    new_change = here.change(node(SUB, (jump, down)))
    return node(ADD, (here.parameter, new_change)), (new_change, here.kept("slope", now))
