"""What trainings must look like to be sent anywhere: a job's work, and its shards, which share it out."""

from collections.abc import Callable
from typing import Any, Protocol

Progress = Callable[[float], object]  # of the number of trainings done since its last call, fractions included


class Shard(Protocol):
    """A part of the work: a named tuple of what JSON holds."""

    @property
    def n_trainings(self) -> int: ...


class Work(Protocol):
    """What all shards of a job have in common: a named tuple of arrays and of what JSON holds.

    `trainer` names the module that trains a shard, the only one that needs TensorFlow: its
    `train_shard(work, shard, workers=..., on_progress=...)` returns a `trained_type`, a named tuple of arrays.
    """

    trainer: str

    @property
    def shard_type(self) -> Callable[..., Any]: ...

    @property
    def trained_type(self) -> Callable[..., Any]: ...
