"""The head of a network: what it predicts, and all that follows from it. One class for each kind of target.

Two classes end in one sigmoid unit, several in a softmax unit each, a number in one linear unit. A head says which loss
is trained on, which scores there are (`metrics.py` defines them), what the constant predictor makes of the rows, and
how predictions are pictured. Labels are 0 and 1, or 0, 1, 2 and so on; a number stands in its own units, but networks
are trained on it standardized (`table.preprocessing.TargetScale`).
"""

import functools
from collections.abc import Mapping

from regularization.heads.binary import Binary, clipped_share
from regularization.heads.classes import Classes
from regularization.heads.head import Head
from regularization.heads.number import Number

TASKS = ("binary", "classes", "number")

__all__ = ["TASKS", "Head", "clipped_share", "head_of", "head_of_data", "head_of_task"]


@functools.lru_cache(maxsize=64)
def head_of(n_classes: int) -> Head:
    """The head for a target of so many classes; 0 for a number."""
    return {0: Number, 2: Binary}[n_classes]() if n_classes in (0, 2) else Classes(n_classes)


def head_of_task(task: str) -> Head:
    """A head of that task; of several classes, one of three."""
    return head_of({"binary": 2, "classes": 3, "number": 0}[task])


def head_of_data(data: Mapping) -> Head:
    """The head for the table that metrics/data.json describes."""
    if "share_of_class_1" in data:
        return head_of(2)
    return head_of(len(data["shares_of_classes"]["all"]) if "shares_of_classes" in data else 0)
