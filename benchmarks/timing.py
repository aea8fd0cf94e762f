"""How long something takes."""

import time
from collections.abc import Callable


def seconds(action: Callable[[], object]) -> float:
    """Of the clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
