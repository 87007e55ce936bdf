"""The optimizers as people write them in a call: `adam(0.001)` is an update rule, its options and a learning rate.

The rules themselves are in `optimizers`; every one of them takes the options `decay`, `clip` and `clip_norm` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.errors import ProblemError
from chainrule.optimizers import Optimizer, find_optimizer
from chainrule.training.schedules import Rate, Schedule, as_schedule, positive_whole


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule ready to train with: the optimizer and its learning rate."""

    optimizer: Optimizer
    rate: Schedule

    def __repr__(self) -> str:
        return f"<{self.optimizer.name}, {self.rate!r}>"


@dataclass(frozen=True, slots=True)
class Lbfgs:
    """L-BFGS: no update rule but a search of its own, on all examples at once; `memory` pairs are kept."""

    memory: int = 10
    tolerance: float = field(default=1e-9)


def rule(name: object, rate: Rate, options: dict[str, object] | None = None) -> Rule:
    """The update rule of a name, such as "adam". Raises ProblemError as `find_optimizer` does.

    >>> rule("SGD", 0.5)
    <sgd, <constant rate, from 0.5>>
    """
    return Rule(find_optimizer(name, options), as_schedule(rate))


def sgd(rate: Rate = 0.1, **options: object) -> Rule:
    """Gradient descent: w' = w - rate*dE/dw; with `momentum=`, and `nesterov=True`, those rules.

    >>> sgd(0.1, momentum=0.9)
    <momentum, <constant rate, from 0.1>>
    """
    return rule("sgd", rate, options)


def momentum(rate: Rate = 0.1, **options: object) -> Rule:
    """Gradient descent with momentum: Δw = momentum*Δw of before - rate*dE/dw (Rumelhart, Hinton, Williams 1986).

    >>> momentum(0.5, momentum=0.8)
    <momentum, <constant rate, from 0.5>>
    """
    return rule("momentum", rate, options)


def nesterov(rate: Rate = 0.1, **options: object) -> Rule:
    """Nesterov's momentum: the derivative is taken where the momentum leads. Option: `momentum`.

    >>> nesterov(0.05)
    <nesterov, <constant rate, from 0.05>>
    """
    return rule("nesterov", rate, options)


def adagrad(rate: Rate = 0.01, **options: object) -> Rule:
    """A rate for each weight that shrinks with the squares of its derivatives (Duchi 2011). Option: `epsilon`.

    >>> adagrad()
    <adagrad, <constant rate, from 0.01>>
    """
    return rule("adagrad", rate, options)


def rmsprop(rate: Rate = 0.001, **options: object) -> Rule:
    """The derivative over the root of its mean square (Tieleman, Hinton 2012). Options: `rho`, `epsilon`, `momentum`.

    >>> rmsprop(rho=0.99)
    <rmsprop, <constant rate, from 0.001>>
    """
    return rule("rmsprop", rate, options)


def adam(rate: Rate = 0.001, **options: object) -> Rule:
    """Running means of the derivative and of its square (Kingma and Ba 2015). Options: `beta1`, `beta2`, `epsilon`.

    >>> adam(0.01, beta1=0.8)
    <adam, <constant rate, from 0.01>>
    """
    return rule("adam", rate, options)


def adamw(rate: Rate = 0.001, **options: object) -> Rule:
    """Adam with weight decay apart from the derivative (Loshchilov and Hutter 2019). Options: Adam's, and `decay`.

    >>> adamw(decay=0.1)
    <adamw, <constant rate, from 0.001>>
    """
    return rule("adamw", rate, options)


def rprop(rate: Rate = 0.1, **options: object) -> Rule:
    """A step for each weight that grows while its derivative keeps its sign (Riedmiller and Braun 1993); `rate` is the
    first step. Options: `eta_plus`, `eta_minus`, `step_min`, `step_max`.

    >>> rprop(1.0, step_max=10)
    <rprop, <constant rate, from 1>>
    """
    return rule("rprop", rate, options)


def quickprop(rate: Rate = 0.1, **options: object) -> Rule:
    """The parabola through two derivatives (Fahlman 1988). Option: `mu`, how much a step may grow.

    >>> quickprop(1.5, mu=1.75)
    <quickprop, <constant rate, from 1.5>>
    """
    return rule("quickprop", rate, options)


def lbfgs(*, memory: int = 10, tolerance: float = 1e-9) -> Lbfgs:
    """L-BFGS with a line search (Liu and Nocedal 1989), by SciPy, on all examples at once; an epoch is an iteration.

    It ends when an iteration changes the error by less than `tolerance` of it. Raises ProblemError for other than a
    whole number of pairs above 0.

    >>> lbfgs(memory=5)
    Lbfgs(memory=5, tolerance=1e-09)
    """
    return Lbfgs(positive_whole("memory", memory), float(tolerance))


def as_rule(optimizer: object) -> Rule | Lbfgs:
    """An update rule from one, or from a name such as "adam", which then has its usual rate."""
    if isinstance(optimizer, Rule | Lbfgs):
        return optimizer
    if isinstance(optimizer, str):
        plain = " ".join(optimizer.casefold().replace("_", " ").replace("-", " ").split())
        if plain in ("lbfgs", "l bfgs"):
            return lbfgs()
        name = find_optimizer(optimizer).name
        return _USUAL[name]()
    raise ProblemError(f"optimizer is {optimizer!r}, expected one such as cr.sgd(rate=0.1).")


_USUAL = {
    function.__name__: function
    for function in (sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop, quickprop)
}
