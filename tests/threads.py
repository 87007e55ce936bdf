"""Several threads at the same work, for what must not get in its own way."""

from __future__ import annotations

import threading
from collections.abc import Callable


def at_once(work: Callable[[int], None], count: int = 8) -> None:
    """Run `work(0)`, ..., `work(count - 1)`, each in a thread of its own, to their ends."""
    threads = [threading.Thread(target=work, args=(k,)) for k in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
