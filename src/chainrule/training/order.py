"""The order of the examples in an epoch: as given, or shuffled by the project's own generator."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import MissingPartError
from chainrule.randomness import Words, fold, fold_array, fold_text, permutation_array, seed_key, uniform_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


MANY: Final = 100  # rows; of fewer, an order is drawn before code for it is loaded


def order_of_epoch(n: int, epoch: int, *, shuffle: bool, seed: int) -> NDArray[Any]:
    """The numbers of the rows in the order in which epoch `epoch` (from 1) takes them."""
    if not shuffle:
        return np.arange(n, dtype=np.int64)
    return permuted(fold(fold_text(seed_key(seed), "shuffle"), epoch), n)


def permuted(key: Words, n: int) -> NDArray[Any]:
    """The order of `randomness.permutation`, by native code where there are many rows and it can be had."""
    if n > MANY:
        from chainrule.targets.llvm.shuffle import MOST, shuffled

        with suppress(MissingPartError):
            if n < MOST:
                found: NDArray[Any] = shuffled(key, n)
                return found
    order: NDArray[Any] = permutation_array(key, n)
    return order


def orders_of_epochs(n: int, first: int, count: int, *, shuffle: bool, seed: int) -> NDArray[Any]:
    """The orders of some epochs one after the other, those of short epochs worked out all at once."""
    if not shuffle:
        return np.tile(np.arange(n, dtype=np.int64), count)
    numbers = range(first, first + count)
    if count < n:
        return np.concatenate([order_of_epoch(n, epoch, shuffle=True, seed=seed) for epoch in numbers])
    keys = fold_array(fold_text(seed_key(seed), "shuffle"), np.arange(first, first + count))
    places = (uniform_array(keys, n) * np.arange(1, n + 1)).astype(np.int64)
    orders = np.tile(np.arange(n, dtype=np.int64), (count, 1))
    rows = np.arange(count)
    for i in range(n - 1, 0, -1):  # as in `permutation`, in every row
        other = places[:, i]
        kept = orders[rows, other]
        orders[rows, other] = orders[:, i]
        orders[:, i] = kept
    return orders.ravel()


def split(n: int, share: float, *, seed: int, purpose: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows that stay and those held back: `share` of them, at least one, drawn at random; in their old order."""
    order = permuted(fold_text(seed_key(seed), purpose), n)
    held = max(1, round(share * n))
    return np.sort(order[held:]), np.sort(order[:held])
