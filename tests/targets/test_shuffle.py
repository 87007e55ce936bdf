"""Orders by native code are those of the project's generator, whatever the keys, and however many at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import MissingPartError
from chainrule.randomness import fold, fold_text, permutation, seed_key
from chainrule.targets.llvm import shuffle
from chainrule.targets.llvm.shuffle import shuffled
from chainrule.training import order
from chainrule.training.order import order_of_epoch, orders_of_epochs, split

WORD = st.integers(0, (1 << 32) - 1)


@given(keys=st.lists(st.tuples(WORD, WORD), max_size=5), n=st.integers(0, 70))
def test_each_key_gives_its_permutation(keys: list[tuple[int, int]], n: int) -> None:
    due = [number for key in keys for number in permutation(key, n)]
    assert shuffled(np.array(keys, np.uint64).reshape(-1, 2), n).tolist() == due


@pytest.mark.parametrize(("n", "count"), [(1, 3), (7, 1), (7, 15), (7, 16), (30, 200), (101, 2), (700, 17)])
@pytest.mark.parametrize("native", [True, False])
def test_orders_are_the_same_with_and_without_native_code(
    n: int, count: int, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not native:
        monkeypatch.setattr(shuffle, "shuffled", missing)
    key = fold_text(seed_key(7), "shuffle")
    due = [permutation(fold(key, epoch), n) for epoch in range(3, 3 + count)]
    assert orders_of_epochs(n, 3, count, shuffle=True, seed=7).tolist() == [number for one in due for number in one]
    assert order_of_epoch(n, 3, shuffle=True, seed=7).tolist() == due[0]


def missing(keys: object, n: int) -> None:
    raise MissingPartError("native code needs llvmlite.")


def test_small_orders_load_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shuffle, "shuffled", None)
    orders_of_epochs(order.MANY, 1, order.ENOUGH // order.MANY, shuffle=True, seed=0)
    split(order.MANY, 0.1, seed=0, purpose="validation")
    with pytest.raises(TypeError):
        orders_of_epochs(order.MANY + 1, 1, 1, shuffle=True, seed=0)
    with pytest.raises(TypeError):
        orders_of_epochs(2, 1, order.ENOUGH, shuffle=True, seed=0)


def test_nothing_is_written_beyond_the_orders() -> None:
    first = shuffled([(1, 2)] * 3, 13)
    kept = first.copy()
    shuffled([(5, 6)] * 3, 13)
    assert first.shape == (39,)
    assert np.array_equal(first, kept)
    assert (np.sort(first.reshape(3, 13), axis=1) == np.arange(13)).all()
