"""One training run: what stands around the updates, which a kernel makes, many in one call.

Epochs, rates, when to stop, and what to do when it goes wrong; `loop.train` says what the arguments mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from itertools import accumulate, count
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ProblemError
from chainrule.graph import Program
from chainrule.quantity import Name, spell
from chainrule.training.arrays import are_finite
from chainrule.training.divergence import explain_divergence
from chainrule.training.doctor import noticed_after, noticed_before
from chainrule.training.evaluation import Examples, error_at, examples, filled
from chainrule.training.haste import lost_in_haste
from chainrule.training.history import History, Row
from chainrule.training.interrupts import interrupts
from chainrule.training.kernels import native_kernel
from chainrule.training.loop import Engine, Over, TrainingWarning
from chainrule.training.order import split
from chainrule.training.progress import Tell, progress_bar
from chainrule.training.reference import ReferenceKernel
from chainrule.training.rules import Lbfgs, Rule, as_rule
from chainrule.training.schedules import positive_whole, rates_of_epochs
from chainrule.training.sessions import Kernel, State, begin
from chainrule.training.spans import Done, Spans
from chainrule.training.step import Penalties, training_step
from chainrule.training.stopping import Condition, Stop, as_stop
from chainrule.training.teams import team_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.training.model import Model

SMALL: Final = 1 << 22  # bytes of a state of which a second one may be kept, to run some epochs again
SOON: Final = 0.5  # seconds in which the best of a larger state is not copied


def training_run(
    model: Model,
    X: Any,
    T: Any,
    *,
    optimizer: Rule | Lbfgs | str,
    batch: int | Literal["all"],
    epochs: int,
    over: Over,
    shuffle: bool,
    seed: int,
    stop: str | Condition | None,
    change: float | None,
    patience: int | None,
    validation: float | tuple[Any, Any] | None,
    updates: int | None,
    seconds: float | None,
    l1: float,
    l2: float,
    dropout: float | Mapping[str, float],
    keep: Literal["last", "best"] | None,
    progress: bool | None,
    engine: Engine,
    precise: bool,
    threads: int,
) -> History:
    """Train a model; see `loop.train`."""
    _check(
        epochs=epochs, updates=updates, seconds=seconds, batch=batch, over=over, l1=l1, l2=l2, keep=keep,
        threads=threads,
    )  # fmt: skip
    rule = as_rule(optimizer)
    given = filled(examples(model, X, T))
    given, held = _held_back(model, given, validation, seed)
    limits = as_stop(stop, change=change, patience=patience, error=spell(model.minimise), validation=held is not None)
    kept = keep or ("best" if held is not None else "last")
    penalties = Penalties(l1=l1, l2=l2, dropout=_shares(model, dropout))
    if isinstance(rule, Lbfgs):
        from chainrule.training.line_search import train_lbfgs

        with interrupts() as interrupted:
            return train_lbfgs(
                model, given, rule, held=held, keep=kept, epochs=epochs, updates=updates, over=over, stop=limits,
                penalties=penalties, halt=_halt(interrupted, seconds), halted_by=_halted_by(interrupted),
            )  # fmt: skip
    rows = given.count if batch == "all" else batch
    program = training_step(
        model, rule.optimizer, rate=rule.rate.first, online=rows == 1, over=over, penalties=penalties, seed=seed
    )
    most = min(epochs * -(-given.count // rows), inf if updates is None else updates)
    numbers = sum([part.size for part in model.parameters.values()])
    lost, team = lost_in_haste(most, most * min(rows, given.count), numbers), team_of(threads, rows, numbers)
    kernel = make_kernel(program, model, engine, precise=precise, rows=rows, lost=lost, team=team > 1)
    warned = noticed_before(model, given)
    spans = Spans(
        kernel, program, given, batch=rows, shuffle=shuffle and batch != "all", seed=seed,
        dtype=model.dtype, mean=over == "mean", threads=team,
    )  # fmt: skip
    run = _Run(model, rule, program, spans, limits, given, held, over, kept, warned)
    with interrupts() as interrupted, progress_bar(epochs, show=progress) as tell:
        halt = _halt(interrupted, seconds)
        run.all_epochs(epochs, updates, halt, _halted_by(interrupted), tell)
    history = run.finish()
    for text in history.warnings:
        warnings.warn(text, TrainingWarning, stacklevel=3)
    return history


def make_kernel(
    program: Program,
    model: Model,
    engine: Engine,
    *,
    precise: bool = True,
    rows: float = inf,
    lost: float = inf,
    team: bool = False,
) -> Kernel:
    """The native kernel of a program, or the reference."""
    if engine == "reference":
        return ReferenceKernel(program, error=model.minimise, dtype=model.dtype)
    if engine != "native":
        raise ProblemError(f"engine is {engine!r}, expected 'native' or 'reference'.")
    return native_kernel(
        program, error=model.minimise, dtype=model.dtype, precise=precise, rows=rows, lost=lost, team=team
    )


@dataclass(slots=True)
class _Best:
    """The row of the best epoch so far and its error; from where it can be run again, or its parameters themselves."""

    error: float = float("inf")
    row: int = 0
    before: State = field(default_factory=dict)
    first: int = 1  # the epoch that this state is before
    parameters: dict[str, NDArray[Any]] = field(default_factory=dict)
    is_now: bool = False  # the state has these parameters, which are still to be copied
    is_copied: bool = False  # its parameters are there; else all epochs can be run again, from the start


@dataclass(slots=True)
class _Run:
    """One training run: what is fixed, and what has happened."""

    model: Model
    rule: Rule
    program: Program
    spans: Spans
    limits: Stop
    given: Examples
    held: Examples | None
    over: Over
    keep: Literal["last", "best"]
    warnings: list[str]
    rows: list[Row] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    best: _Best = field(default_factory=_Best)
    updates: int = 0
    stopped_by: str = "epochs"
    began: float = field(default_factory=perf_counter)
    learned: dict[str, NDArray[Any]] = field(init=False)  # the parameters where the kernel has them
    handed: bool = field(init=False)  # whether the model must be as it is after an epoch, to be judged
    each: bool = field(init=False)  # whether one epoch is run at a time
    again: bool = field(init=False)  # whether epochs can be run again, which takes a second state

    def __post_init__(self) -> None:
        self.learned = {name: self.spans.state[Name(name)] for name in self.model.learning}
        self.handed = self.limits.wants_each_epoch
        self.each = self.handed or self.held is not None
        self.again = self.early or self.spans.size <= SMALL
        if not self.again:
            own, self.best.is_copied = self.model.parameters, self.handed or self.keep == "best"
            self.best.parameters = own.copy() if self.handed else dict(own)

    def all_epochs(
        self, epochs: int, updates: int | None, halt: Callable[[], bool], halted_by: Callable[[], str], tell: Tell
    ) -> None:
        """Epochs until one of the limits is reached."""

        def watched() -> bool:
            rate = self.rates[-1] if self.rates else self.rule.rate.first
            tell(len(self.rows) + self.spans.share, self.errors[-1] if self.errors else None, rate)
            return halt()

        while len(self.rows) < epochs:
            if updates is not None and self.updates >= updates:
                self.stopped_by = "updates"
                return
            left = None if updates is None else updates - self.updates
            done = self._stretch(min(self._at_once(), epochs - len(self.rows)), left, watched)
            tell(len(self.rows), self.errors[-1], self.rates[-1])
            if done is None:
                return
            if done.halted or (len(self.rows) < epochs and halt()):
                self.stopped_by = halted_by()
                return
        if updates is not None and self.updates >= updates:
            self.stopped_by = "updates"

    @property
    def early(self) -> bool:
        """Whether the error of an epoch is that of the parameters before its update, as of a full batch."""
        return self.held is None and self.spans.updates_an_epoch == 1

    def _at_once(self) -> int:
        return 1 if self.each or self.rule.rate.looks_back or not self.again else self.spans.epochs_at_once

    def _stretch(self, count: int, updates: int | None, halt: Callable[[], bool]) -> Done | None:
        """Some epochs; None if training is over. What was run beyond a limit is undone, by running it again."""
        self._keep_best()
        first, before = len(self.rows) + 1, self.spans.snapshot() if self.again else {}
        if not self.rows:
            self.best.before = before
        rates = rates_of_epochs(self.rule.rate, first, count, self.rates, self.errors)
        done = self.spans.run(first, rates, updates=updates, halt=halt)
        errors = done.errors
        if self.over == "mean":
            errors = [total / seen for total, seen in zip(done.errors, done.rows, strict=True)]
        if done.failed:
            self._diverged(first, before, rates, done)
        elif not self.each and self.limits == Stop():
            self._add_rows(rates, errors, done.updates, before)
            return done
        for at, (error, made) in enumerate(zip(errors, done.updates, strict=True)):
            failed = done.failed and at == len(errors) - 1
            self.updates += made - failed
            self._add_row(rates[at], error, before, first)
            reason = "diverged" if failed else self.limits.reason(self.rows, len(self.rows) - self.best.row)
            if reason is not None:
                self.stopped_by = reason
                if at < len(errors) - 1:
                    self._run_again(before, first, rates[: at + 1])
                return None
        return done

    def _add_row(self, rate: float, error: float, before: State, first: int) -> None:
        number = len(self.rows) + 1
        row: dict[str, Any] = {"epoch": number, "updates": self.updates, "error": error, "rate": rate}
        judged = error
        if self.handed:
            self._hand_over(self.model.parameters)
        if self.held is not None:
            row["validation"] = judged = error_at(self.model, self.held, {**self.model.parameters, **self.learned})
        self.rows.append(row)
        self.rates.append(rate)
        self.errors.append(error)
        if judged < self.best.error:
            best = self.best
            best.error, best.row, best.before, best.first = judged, number, before, first
            best.is_now = not self.again

    def _add_rows(self, rates: list[float], errors: list[float], updates: list[int], before: State) -> None:
        """The rows of a stretch that nobody judges, all at once: one by one they take longer than short epochs."""
        first, best = len(self.rows) + 1, self.best
        _, *made = accumulate(updates, initial=self.updates)
        lines = zip(count(first), made, errors, rates, strict=False)
        self.rows += [{"epoch": n, "updates": done, "error": error, "rate": rate} for n, done, error, rate in lines]
        self.updates += sum(updates)
        self.rates += rates[: len(errors)]
        self.errors += errors
        better = [error for error in errors if error < best.error]
        if better:
            best.error, best.before, best.first = min(better), before, first
            best.row, best.is_now = first + errors.index(best.error), not self.again

    def _keep_best(self) -> None:
        """Copy the best parameters, if they are those of the state, which is about to change.

        Where they are for the case that training diverges, a run that has just begun may as well begin again: with two
        updates an epoch, a short one of 875-745-745-745-1 in float64 takes 0.96 of the time so with batches of 142, and
        0.85 with 32.
        """
        best = self.best
        if best.is_now and (best.is_copied or perf_counter() - self.began > SOON):
            self._hand_over(best.parameters)
            best.is_copied = True
        best.is_now = False

    def _run_again(self, before: State, first: int, rates: list[float], *, updates: int | None = None) -> State:
        """Put back a state and run some epochs again: the same bits."""
        self.spans.put(before)
        if rates:
            self.spans.run(first, rates, updates=updates)
        return self.spans.state

    def _diverged(self, first: int, before: State, rates: list[float], done: Done) -> None:
        def earlier() -> State:
            return self._run_again(before, first, rates, updates=sum(done.updates) - 2)

        epoch, update = first + len(done.errors) - 1, done.updates[-1]
        kept = self.spans.snapshot() if self.again else {}
        told = explain_divergence(self.model, self.program, self.spans, earlier if self.again else None, epoch, update)
        self.spans.put(kept)
        self.warnings.append(told)

    def _hand_over(self, parameters: Mapping[str, NDArray[Any]]) -> None:
        for name, value in self.learned.items():
            parameters[name][...] = value

    def finish(self) -> History:
        """Hand the parameters over - of the last epoch, or of the best - and tell what happened."""
        broken = self.stopped_by == "diverged" or not are_finite(self.spans.state.values())
        if broken and self.stopped_by != "diverged":
            self.stopped_by = "diverged"
            self.warnings.append(f"the parameters overflowed in epoch {len(self.rows)}. Take a lower rate.")
        best = None
        if broken or self.keep == "best":
            best = max(0, self.best.row - self.early)
        if best is not None and (broken or best != len(self.rows)):
            self._back_to(best)
        else:
            self._hand_over(self.model.parameters)
        self.learned.clear()
        self.spans.close()
        self.warnings += noticed_after(self.model, self.given, self.rows)
        seconds = perf_counter() - self.began
        return History(tuple(self.rows), self.stopped_by, self.updates, seconds, best, tuple(self.warnings))

    def _back_to(self, best: int) -> None:
        """Hand over the parameters that an epoch left."""
        if self.again:
            self._run_again(self.best.before, self.best.first, self.rates[self.best.first - 1 : best])
            self._hand_over(self.model.parameters)
        elif self.best.is_now:
            self._hand_over(self.model.parameters)
        elif self.best.is_copied:
            for name, value in self.best.parameters.items():
                self.model.parameters[name][...] = value
        elif best:
            begin(self.spans.state, self.program)
            self.spans.run(1, self.rates[:best])
            self._hand_over(self.model.parameters)


def _halt(interrupted: Callable[[], bool], seconds: float | None) -> Callable[[], bool]:
    end = None if seconds is None else perf_counter() + seconds
    return lambda: interrupted() or (end is not None and perf_counter() >= end)


def _halted_by(interrupted: Callable[[], bool]) -> Callable[[], str]:
    return lambda: "interrupted" if interrupted() else "seconds"


def _held_back(
    model: Model, given: Examples, validation: float | tuple[Any, Any] | None, seed: int
) -> tuple[Examples, Examples | None]:
    if validation is None:
        return given, None
    if isinstance(validation, tuple):
        if len(validation) != 2:
            raise ProblemError(f"validation has {len(validation)} parts, expected X and T.")
        return given, filled(examples(model, *validation))
    if not 0 < validation < 1:
        raise ProblemError(f"validation is {validation!r}, expected a share between 0 and 1, or (X, T).")
    if given.count < 2:
        raise ProblemError("found 1 example, too few to hold some back for validation.")
    stay, held = split(given.count, validation, seed=seed, purpose="validation")
    if not len(stay):
        raise ProblemError(f"validation = {validation} leaves no example to learn from.")
    return given.rows(stay), given.rows(held)


def _shares(model: Model, dropout: float | Mapping[str, float]) -> dict[str, float]:
    if not isinstance(dropout, Mapping):
        if dropout and not model.hidden:
            raise ProblemError("this model has no hidden layers for dropout.", hint="Name them: dropout={'a1': 0.5}.")
        dropout = dict.fromkeys(model.hidden, dropout) if dropout else {}
    for name, share in dropout.items():
        if not 0 <= share < 1:
            raise ProblemError(f"dropout of {name} is {share!r}, expected a share from 0 up to, but not including, 1.")
    return {name: share for name, share in dropout.items() if share}


def _check(**arguments: Any) -> None:
    """Raises ProblemError for a limit or a size that means nothing."""
    for name in ("epochs", "updates"):
        if arguments[name] is not None:
            positive_whole(name, arguments[name])
    positive_whole("threads", arguments["threads"])
    for name in ("seconds", "l1", "l2"):
        value = arguments[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
            raise ProblemError(f"{name} is {value!r}, expected a number, 0 or more.")
    batch = arguments["batch"]
    if batch != "all" and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        raise ProblemError(f"batch is {batch!r}, expected a whole number above 0, or 'all'.")
    if arguments["over"] not in ("sum", "mean"):
        raise ProblemError(f"over is {arguments['over']!r}, expected 'sum' or 'mean'.")
    if arguments["keep"] not in (None, "last", "best"):
        raise ProblemError(f"keep is {arguments['keep']!r}, expected 'last' or 'best'.")
