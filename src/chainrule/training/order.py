"""The order of the examples in an epoch: as given, or shuffled by the project's own generator."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import MissingPartError
from chainrule.randomness import Words, fold, fold_array, fold_text, permutation_array, seed_key, uniform_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


MANY: Final = 100  # rows of an order that native code makes at once
ENOUGH: Final = 4096  # rows of all orders from which code is loaded for it
FEW: Final = 16  # keys that are made one by one in less time than all at once


def order_of_epoch(n: int, epoch: int, *, shuffle: bool, seed: int) -> NDArray[Any]:
    """The numbers of the rows in the order in which epoch `epoch` (from 1) takes them."""
    return orders_of_epochs(n, epoch, 1, shuffle=shuffle, seed=seed)


def orders_of_epochs(n: int, first: int, count: int, *, shuffle: bool, seed: int) -> NDArray[Any]:
    """The orders of some epochs one after the other, worked out all at once."""
    if not shuffle:
        return np.tile(np.arange(n, dtype=np.int64), count)
    key = _key(seed, "shuffle")
    if count < FEW:
        return _orders(np.array([fold(key, epoch) for epoch in range(first, first + count)], np.uint64), n)
    return _orders(np.stack(fold_array(key, np.arange(first, first + count)), axis=1), n)


def split(n: int, share: float, *, seed: int, purpose: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows that stay and those held back: `share` of them, at least one, drawn at random; in their old order."""
    order = _orders(np.array([_key(seed, purpose)], np.uint64), n)
    held = max(1, round(share * n))
    return np.sort(order[held:]), np.sort(order[:held])


@lru_cache(maxsize=64, typed=True)
def _key(seed: int, purpose: str) -> Words:
    return fold_text(seed_key(seed), purpose)


def _orders(keys: NDArray[Any], n: int) -> NDArray[Any]:
    """The order of `randomness.permutation` for each key: by native code, if it can be had, where rows are many."""
    if n > MANY or len(keys) * n > ENOUGH:
        from chainrule.targets.llvm.shuffle import MOST, shuffled

        with suppress(MissingPartError):
            if n < MOST:
                found: NDArray[Any] = shuffled(keys, n)
                return found
    if len(keys) == 1:
        one: NDArray[Any] = permutation_array(tuple(keys[0].tolist()), n)
        return one
    places = (uniform_array((keys[:, 0], keys[:, 1]), n) * np.arange(1, n + 1)).astype(np.int64)
    orders = np.tile(np.arange(n, dtype=np.int64), (len(keys), 1))
    rows = np.arange(len(keys))
    for i in range(n - 1, 0, -1):  # as in `permutation`, in every row
        other = places[:, i]
        kept = orders[rows, other]
        orders[rows, other] = orders[:, i]
        orders[:, i] = kept
    return orders.ravel()
