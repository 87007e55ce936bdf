"""What makes updates, and what a training run holds of it: a state that stays where it is from call to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard

import numpy as np

from chainrule.dataclasses import dataclass
from chainrule.graph import Program
from chainrule.quantity import Quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

State: TypeAlias = "dict[Quantity, NDArray[Any]]"


class Kernel(Protocol):
    """What makes updates of a state that is given to it: `targets.llvm.training` says how."""

    @property
    def block(self) -> int: ...

    def run(
        self,
        state: Mapping[Quantity, NDArray[Any]],
        examples: Mapping[Quantity, NDArray[Any]],
        order: NDArray[Any],
        batch: int,
        scalars: Mapping[Quantity, NDArray[Any]],
        errors: NDArray[Any],
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int: ...


class Session(Protocol):
    """What makes updates of a state of its own, which may be read and assigned to."""

    @property
    def state(self) -> State: ...

    def run(
        self,
        examples: Mapping[Quantity, NDArray[Any]],
        order: NDArray[Any],
        scalars: Mapping[Quantity, NDArray[Any]],
        errors: NDArray[Any],
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int: ...


class Lasting(Kernel, Protocol):
    """A kernel that can keep a state in its own memory."""

    def session(self, batch: int, *, threads: int = 1) -> Session: ...

    def take_back(self, session: Session) -> None: ...


def is_lasting(kernel: Kernel) -> TypeGuard[Lasting]:
    """Whether a kernel is such a one."""
    return hasattr(kernel, "session")


@dataclass(frozen=True, slots=True)
class Carried:
    """The session of a kernel that cannot: it takes the state with every call."""

    kernel: Kernel
    batch: int
    state: State

    def run(
        self,
        examples: Mapping[Quantity, NDArray[Any]],
        order: NDArray[Any],
        scalars: Mapping[Quantity, NDArray[Any]],
        errors: NDArray[Any],
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int:
        """Make the updates that `order` names."""
        return self.kernel.run(self.state, examples, order, self.batch, scalars, errors, given=given, epoch=epoch)


def session_of(kernel: Kernel, program: Program, *, batch: int, dtype: str, threads: int = 1) -> Session:
    """A session of a kernel, for batches of this size; its state is that before the first update."""
    if not is_lasting(kernel):
        return Carried(kernel, batch, first_state(program, dtype))
    session = kernel.session(batch, threads=threads)
    begin(session.state, program)
    return session


def give_back(kernel: Kernel, session: Session) -> None:
    """Give back the memory of a session that nobody uses any more."""
    if is_lasting(kernel):
        kernel.take_back(session)


def first_state(program: Program, dtype: str) -> State:
    """The state before the first update, as arrays a kernel can write to."""
    shapes: dict[Quantity, Any] = {label: one.before.type.shape for label, one in program.state.items()}
    found = {label: np.empty(shape, dtype) for label, shape in shapes.items()}
    begin(found, program)
    return found


def begin(state: State, program: Program) -> None:
    """Make a state what it is before the first update."""
    for label, one in program.state.items():
        state[label][...] = one.initial if isinstance(one.initial, np.ndarray) else float(one.initial)


def copied(state: State) -> State:
    """A state as it is now, laid out as it is there."""
    return {label: part.copy(order="K") for label, part in state.items()}
