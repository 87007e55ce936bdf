"""Exact online learning by blocks: the weights of a wide input are read and written once for K examples, not for one.

In the update t of a block the first layer's net input is W_t x_t = W_0 x_t - sum_{s<t} u_s (v_s . x_t), where u_s and
v_s = x_s are what update s takes from W. So two matrix products at the beginning, Z = X W_0^T and G = X X^T, and one
at the end, W_K = W_0 - U^T X, do the work of K passes over W; all else goes on example by example. Sums are taken in
another order, so figures differ by rounding; inputs whose squares overflow are beyond it. 2.7 times the updates a
second at 784-100-10, slower at 64-32-10. Of G only the part up to the diagonal is formed, and W_K begins as W_0 in the
registers that U^T X is taken from: 1.15 times the updates at 784-100-10 on a busy machine. Blocks of 24 and 32 were
within 2 % of those of 16: what W saves, G costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.node import Node, input_node, node, order, substitute, type_of
from chainrule.ops.arithmetic import SUB
from chainrule.ops.matrix import MATMUL, TRANSPOSE
from chainrule.quantity import Name
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.rank_one import RankOne, learned_from
from chainrule.transforms.schedule.stages import Plan, Role, Stage

BLOCK: Final = 16  # examples
ROWS, EARLIER = "block", "earlier"  # sizes: of the block, and how many of its updates are made
_PAYS: Final = 32_000  # bytes of a matrix from which on it is faster: they do not fit into the nearest cache
_WIDE: Final = 64  # inputs, too, because what an update corrects takes half a block's products for each output


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A program in two parts: one example by example, the other for all of a block.

    `roots` are those of the program without the state `learning`, in their order; `taken` is the column that an
    update takes. They read `net`, `gram` and `columns`: this example's row of Z and of G, and the columns of the
    updates before. `nets` and `grams` are Z and G, made of the rows `inputs` and of W; `after` is W when the block is
    over, made of these and `all_columns`.
    """

    learning: Node
    example: Node
    roots: tuple[Node, ...]
    taken: Node
    net: Node
    gram: Node
    columns: Node
    inputs: Node
    nets: Node
    grams: Node
    all_columns: Node
    after: Node


def blocked(
    roots: Sequence[Node], states: Sequence[tuple[Node, Node]], examples: Sequence[Node], *, item: int
) -> Block | None:
    """The two parts of a program, if a large matrix learns from the examples themselves; the first root is its error.

    `states` are pairs (before, after); the roots are the error and all of the latter. A number takes `item` bytes.
    """
    found = [(learned, use) for learned, use, _ in learned_from(examples, roots, states) if _pays(learned.before, item)]
    if not found:
        return None
    learned, use = max(found, key=lambda pair: _weights(pair[0].before))
    return _parts(learned, use, roots)


def _weights(matrix: Node) -> int:
    rows, columns = matrix.type.shape
    return int(rows) * int(columns)


def _pays(matrix: Node, item: int) -> bool:
    """Whether a matrix is large enough."""
    return _weights(matrix) * item >= _PAYS and int(matrix.type.shape[1]) >= _WIDE


def _parts(learned: RankOne, use: Node, roots: Sequence[Node]) -> Block:
    w, x = learned.before, learned.row
    outputs, width = w.type.shape

    def given(name: str, *shape: int | str) -> Node:
        return input_node(Name(name), type_of("real", shape))

    net, gram = given("net input of the block", outputs), given("products with the examples before", EARLIER)
    columns, all_columns = given("columns before", EARLIER, outputs), given("columns of the block", ROWS, outputs)
    inputs = given("inputs of the block", ROWS, width)
    now = node(SUB, (net, node(MATMUL, (gram, columns))))
    others = [root for root in roots if root is not learned.after]
    *replaced, taken = substitute([*others, learned.column], {use: now})
    return Block(
        learning=w, example=x, roots=tuple(replaced), taken=taken, net=net, gram=gram, columns=columns, inputs=inputs,
        nets=node(MATMUL, (inputs, TRANSPOSE(w, attribute=(1, 0)))),
        grams=node(MATMUL, (inputs, TRANSPOSE(inputs, attribute=(1, 0)))),
        all_columns=all_columns,
        after=node(SUB, (w, node(MATMUL, (TRANSPOSE(all_columns, attribute=(1, 0)), inputs)))),
    )  # fmt: skip


def plan_block(
    block: Block,
    roles: Mapping[Node, Role],
    states: Sequence[tuple[Node, Node]],
    groups: Sequence[Sequence[Node]],
    lanes: int,
) -> tuple[Plan, dict[str, int]]:
    """One plan of both parts, and the numbers of the arrays in which they meet, by their names in `Block`."""
    others = [before for before, _ in states if before is not block.learning]
    taken = input_node(Name("column of this update"), block.taken.type)
    meeting = {name: getattr(block, name) for name in ("net", "gram", "columns", "inputs", "all_columns")}
    needed = set(order(block.roots))
    known: dict[Node, Role] = {n: role for n, role in roles.items() if n is not block.example or n in needed}
    known |= dict.fromkeys(meeting.values(), "example")
    known[taken] = "state"
    changes = [*zip(others, block.roots[1:], strict=True), (block.learning, block.after), (taken, block.taken)]
    made = plan(
        known, [block.roots[0], block.nets, block.grams], states=changes, groups=groups, check=True, lanes=lanes
    )
    _, nets, grams = [buffer.number for buffer in made.buffers if buffer.role == "output"]
    for stage in made.stages:
        if stage.product is not None and stage.stores[0].buffer.number == grams:
            stage.product = replace(stage.product, lower=True)  # an update asks for the examples before its own
    parts = {name: made.found[n].number for name, n in {**meeting, "taken": taken, "learning": block.learning}.items()}
    return made, {**parts, "nets": nets, "grams": grams}


def phases(made: Plan, parts: Mapping[str, int]) -> dict[str, list[Stage]]:
    """The stages that run before a block, forward and update of each example, and after the block."""
    result: dict[str, list[Stage]] = {"begin": [], "forward": [], "update": [], "end": []}
    for k, stage in enumerate(made.stages):
        read = {made.found[n].number for n in order([s.value for s in stage.stores]) if n in made.found}
        if parts["all_columns"] in read or parts["learning"] in {store.buffer.number for store in stage.stores}:
            result["end"].append(stage)
        elif read & {parts["inputs"], parts["learning"]}:  # a copy of the matrix, too
            result["begin"].append(stage)
        else:
            result["forward" if k < made.checked else "update"].append(stage)
    return result
