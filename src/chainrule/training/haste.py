"""Whether code is made in haste: LLVM's quickest way makes it in a third of the time, and the bits are the same.

What it makes runs as fast where an update waits for one number after the other (2-2-1), and takes up to four times as
long where tiles of sums would stay in registers. So it is for what does not run for long: the first `fit` of iris with
10 hidden units took 52 instead of 92 ms, the first `predict` 19 instead of 40 ms (processor time, the machine busy).
"""

LIMIT = 0.005  # seconds; careful code costs 10 (2-2-1) to 40 ms (4-10-3 in batches) more
# Seconds more for an update, and for each row and number that is learned: what 64-64-10 loses, the most of 8 networks.
_UPDATE, _NUMBER = 1e-7, 3e-10


def lost_in_haste(updates: float, rows: float, numbers: int) -> float:
    """By how many seconds updates take longer in hasty code; `rows` are those of all, `numbers` what a model learns.

    >>> lost_in_haste(1000, 30_000, 93) < LIMIT < lost_in_haste(1000, 128_000, 101_770)
    True
    """
    return updates * _UPDATE + rows * numbers * _NUMBER
