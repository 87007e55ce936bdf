"""The optimizers as people write them in a call: `adam(0.001)` is an update rule, its options and a learning rate.

The rules themselves are in `optimizers`; every one of them takes the options `decay`, `clip` and `clip_norm` too.
"""

from __future__ import annotations

from math import inf

TYPE_CHECKING = False  # what only types need is not loaded: a short program starts with this file
if TYPE_CHECKING:
    from chainrule.optimizers import Optimizer
    from chainrule.training.schedules import Rate, Schedule


class Rule:
    """An update rule ready to train with: the optimizer and its learning rate.

    `plain` has the name and the rate where they say it all; then the rest is only looked up when it is asked for.
    """

    __slots__ = ("_optimizer", "_rate", "plain")

    def __init__(
        self,
        optimizer: Optimizer | None = None,
        rate: Schedule | None = None,
        *,
        plain: tuple[str, float] | None = None,
    ) -> None:
        self._optimizer, self._rate, self.plain = optimizer, rate, plain

    @property
    def optimizer(self) -> Optimizer:
        """The update rule and its options."""
        if self._optimizer is None:
            from chainrule.optimizers import find_optimizer

            self._optimizer = find_optimizer(self.plain[0] if self.plain else None)
        return self._optimizer

    @property
    def rate(self) -> Schedule:
        """The learning rate of each epoch."""
        if self._rate is None:
            from chainrule.training.schedules import as_schedule

            self._rate = as_schedule(self.plain[1] if self.plain else None)
        return self._rate

    def __repr__(self) -> str:
        return f"<{self.optimizer.name}, {self.rate!r}>"


class Lbfgs:
    """L-BFGS: no update rule but a search of its own, on all examples at once; `memory` pairs are kept."""

    __slots__ = ("memory", "tolerance")

    def __init__(self, memory: int = 10, tolerance: float = 1e-9) -> None:
        self.memory, self.tolerance = memory, tolerance

    def __repr__(self) -> str:
        return f"Lbfgs(memory={self.memory}, tolerance={self.tolerance})"


def rule(name: object, rate: Rate, options: dict[str, object] | None = None) -> Rule:
    """The update rule of a name, such as "adam". Raises ProblemError as `find_optimizer` does.

    >>> rule("SGD", 0.5)
    <sgd, <constant rate, from 0.5>>
    """
    if name in _USUAL and not options and type(rate) in (int, float) and 0 <= rate < inf:  # type: ignore[operator]
        return Rule(plain=(str(name), float(rate)))  # type: ignore[arg-type]
    from chainrule.optimizers import find_optimizer
    from chainrule.training.schedules import as_schedule

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
    from chainrule.training.schedules import positive_whole

    return Lbfgs(positive_whole("memory", memory), float(tolerance))


def as_rule(optimizer: object) -> Rule | Lbfgs:
    """An update rule from one, or from a name such as "adam", which then has its usual rate."""
    if isinstance(optimizer, Rule | Lbfgs):
        return optimizer
    if isinstance(optimizer, str) and optimizer in _USUAL:
        return _USUAL[optimizer]()
    from chainrule.errors import ProblemError
    from chainrule.optimizers import find_optimizer

    if isinstance(optimizer, str):
        plain = " ".join(optimizer.casefold().replace("_", " ").replace("-", " ").split())
        if plain in ("lbfgs", "l bfgs"):
            return lbfgs()
        return _USUAL[find_optimizer(optimizer).name]()
    raise ProblemError(f"optimizer is {optimizer!r}, expected one such as cr.sgd(rate=0.1).")


_USUAL = {
    function.__name__: function
    for function in (sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop, quickprop)
}
