"""The order of the examples in an epoch: as given, or shuffled by the project's own generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.randomness import Words, fold, fold_text, seed_key, uniform_array

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shuffled(key: Words, n: int) -> NDArray[Any]:
    """`randomness.permutation`, its numbers drawn all at once.

    >>> shuffled(seed_key(0), 5).tolist()
    [4, 0, 1, 2, 3]
    """
    places = (uniform_array(key, n) * np.arange(1, n + 1)).astype(np.int64).tolist()
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        other = places[i]
        order[i], order[other] = order[other], order[i]
    return np.array(order, np.int64)


def order_of_epoch(n: int, epoch: int, *, shuffle: bool, seed: int) -> NDArray[Any]:
    """The numbers of the rows in the order in which epoch `epoch` (from 1) takes them."""
    if not shuffle:
        return np.arange(n, dtype=np.int64)
    return shuffled(fold(fold_text(seed_key(seed), "shuffle"), epoch), n)


def split(n: int, share: float, *, seed: int, purpose: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows that stay and those held back: `share` of them, at least one, drawn at random; in their old order."""
    order = shuffled(fold_text(seed_key(seed), purpose), n)
    held = max(1, round(share * n))
    return np.sort(order[held:]), np.sort(order[:held])
