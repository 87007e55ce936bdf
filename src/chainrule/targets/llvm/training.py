"""Training in native code: one call makes many updates, so that nothing but arithmetic happens between two of them.

This is the protocol of a training kernel, which the reference implementation in `chainrule.training.reference` keeps as
well (call R the number of rows that `order` names, B the batch):

    kernel = compile_training(program, error=Name("E"), dtype="float32")
    done = kernel.run(state, examples, order, batch, scalars, errors, given=given, epoch=None)

* `program.examples` are the inputs that change from update to update. Batch 1: either they have the shape of one
  example, and `batch` must be 1; or all of them have one leading symbol (N of `transforms.batch`), which is bound to
  the number of rows of each update, for any `batch` >= 1.
* `state` has an array for each label of `program.state`, of the kernel's dtype, C-contiguous and writeable; it is
  changed in place. Numbers are arrays of shape ().
* `examples` has an array (D, *shape of one example) for each of `program.examples`, of the kernel's dtype and
  C-contiguous; it may be read-only or memory-mapped, and is never copied as a whole.
* `order` is an int64 array of row numbers, each 0 <= row < D. Update k takes the rows order[k*B:(k+1)*B]; the last
  update of a call may have fewer. So a call makes ceil(R/B) updates; whoever wants another split calls again, or says
  that each `epoch` rows of `order` are split by themselves: then the last update of each epoch may have fewer.
  A program without examples takes one entry of `order` (any row number) for each row of an update.
* `scalars` has an array of float64 with one value an update, or more, for each label of `program.scalars` (rate, key,
  ...). Keys of `uniform` are whole numbers below 2^53 and reach it exactly, also in float32.
* `given` has the value of every other input, the same in all updates.
* `errors` is a float64 array with room for each update: errors[k] is the output `error` of update k, with the state
  as it was *before* the update.
* The result is the number of updates made. An update whose error is not finite is not made: its error is written, the
  state is left as it was before it, and its number k is returned.

Native code also keeps a state in its own memory, so that a run of many calls copies it neither in nor out:

    session = kernel.session(batch)
    session.state[label][...] = value       # for each label: views of that memory, in the shapes of the state
    done = session.run(examples, order, scalars, errors, given=given, epoch=None)

The same calls give the same bits, and two calls one after the other the same bits as one call with both orders joined,
as long as the first order is whole epochs, or a multiple of B * `kernel.block` long: `block` is 1, or the number of
updates that `transforms.schedule.blocked` makes together (for wide inputs) or that `transforms.schedule.ahead` begins
anew after (for small networks), of which none goes beyond an epoch. Elsewhere, and where a bad error cuts a block, the
state is what it would be, up to rounding. The GIL is released. Denormal numbers
are taken as zero.
Raises `ShapeError` for a wrong shape, dtype or memory layout, naming the quantity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chainrule.errors import ChainruleError
from chainrule.graph import Program
from chainrule.node import order
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.code import Code
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.machine import Compiled, compile_text, give_back, this_machine

if TYPE_CHECKING:
    from chainrule.targets.llvm.level_training import LevelUpdates
    from chainrule.targets.llvm.session import Session


IDLE: Final = 1 << 22  # bytes; more memory than that is not kept


class TrainingKernel:
    """A compiled program. It owns its machine code, the memory of `run`, and some that is used again."""

    __slots__ = ("_idle", "_own", "code", "compiled", "program")

    def __init__(self, program: Program, code: Code, compiled: Compiled) -> None:
        self.program, self.code = program, code
        self.compiled = compiled
        self._idle: Session | None = None  # the memory that nobody has
        self._own: Session | None = None  # that of `run`

    @property
    def block(self) -> int:
        """How many updates are made together: calls that are cut between blocks give the bits of one call."""
        return self.code.block

    @property
    def text(self) -> str:
        """The code as LLVM's text."""
        return self.compiled.text

    def session(self, batch: int, *, threads: int = 1) -> Session:
        """Memory for one training run, in which the state stays from call to call."""
        from chainrule.targets.llvm.session import Session  # whose checks a quick run does without

        idle, self._idle = self._idle, None
        if idle is not None and (idle.batch, idle.threads) == (batch, threads):
            return idle
        return Session(self.program, self.code, self.compiled, batch, threads)

    def take_back(self, session: Session) -> None:
        """Keep the memory of a run that is over for the next one: if there is little, to make it anew takes longer."""
        if session.space.size <= IDLE and not session.space.is_looked_at:
            session.forget()
            self._idle = session

    def run(
        self,
        state: Mapping[Quantity, Any],
        examples: Mapping[Quantity, Any],
        order: Any,
        batch: int,
        scalars: Mapping[Quantity, Any],
        errors: Any,
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int:
        """Make the updates that `order` names; how is told at the top of this file."""
        from chainrule.targets.llvm.checks import check_state

        check_state(self.program, self.code.dtype, state)
        session = self._own
        if session is None or session.batch != batch:
            session = self._own = self.session(batch)
        for label, inside in session.state.items():
            inside[...] = state[label]
        done = session.run(examples, order, scalars, errors, given=given, epoch=epoch)
        for label, inside in session.state.items():
            state[label][...] = inside
        return done


def compile_training(
    program: Program, *, error: Quantity, dtype: DType = "float64", precise: bool = True, hasty: bool = False
) -> TrainingKernel | LevelUpdates:
    """Native code for a whole training loop; see the top of this file.

    Not `precise`, in float32 a sigmoid may be off by 2e-7, where `transforms.schedule.short` allows it. Code made in
    haste is there sooner and gives the same bits, but may run slower.

    Raises MissingPartError without llvmlite, ChainruleError if `error` is not one number of the step, `ShapeError` for
    examples of which some have a row axis and some have none.
    """
    # What plans and writes code is loaded here, because a kernel that is found on disk does without.
    from chainrule.targets.llvm.program import program_code, program_text
    from chainrule.targets.llvm.singles import LARGE_PROGRAM, fits
    from chainrule.transforms.schedule.lower import lower

    root = program.step.outputs.get(error) or program.step.quantities().get(error)
    if root is None or root.type.shape:
        found = "no quantity of this program" if root is None else f"an array of shape {show_shape(root.type.shape)}"
        raise ChainruleError(f"{spell(error)} is {found}, expected a single number to minimise.")
    if fits(order(lower([root, *[kept.after for kept in program.state.values()]])), LARGE_PROGRAM):
        from chainrule.targets.llvm.level_training import LevelUpdates

        return LevelUpdates(program, root, dtype)
    code = program_code(program, root, dtype, this_machine(), precise=precise)
    made = TrainingKernel(program, code, compile_text(program_text(program, code, this_machine()), hasty=hasty))
    if code.memory.arena > IDLE:
        give_back()
    return made
