"""The grid of a sweep: lists of values, of which every combination is a configuration."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regularization.jobs.work import count_weights

NOT_A_TECHNIQUE = ("hidden_units", "learning_rate")


def count_configurations(grid: Mapping[str, Sequence]) -> int:
    return math.prod(len(values) for values in grid.values())


def expand_grid(grid: Mapping[str, Sequence]) -> Iterator[dict[str, Any]]:
    """Every combination of the grid's values, the last setting varying fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def repeated_value(grid: Mapping[str, Sequence]) -> str | None:
    """What is wrong with a list that holds a value twice, in words. 0 and null are one value: the technique is off."""
    for name, values in grid.items():
        seen = [value or None for value in values]
        for value in seen:
            if seen.count(value) > 1:
                return (
                    f"sweep.grid.{name}: received {list(values)}, which holds {value} twice; expected each value once"
                )
    return None


def settings_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What of it `build_model` and the training take: what is null stays with what all networks share."""
    return {name: value for name, value in configuration.items() if value is not None}


def complexity(configuration: Mapping[str, Any], *, n_inputs: int, hidden_units: Sequence[int]) -> tuple[int, int]:
    """The weights of its network, and how many techniques it uses; the lowest is the simplest.

    `hidden_units` are those of a configuration without its own.
    """
    n_weights = count_weights(n_inputs, configuration.get("hidden_units") or hidden_units)
    n_techniques = sum(bool(value) for name, value in configuration.items() if name not in NOT_A_TECHNIQUE)
    return n_weights, n_techniques


def command_to_try(configuration: Mapping[str, Any]) -> str:
    """The line that trains it as one more variant, over the replicates' fresh splits."""
    settings = ", ".join(f"{name}: {_plain(value)}" for name, value in settings_of(configuration).items())
    return f"dvc exp run -S '+replicate.variants.chosen={{{settings}}}'"


def _plain(value: Any) -> str:
    """As DVC's `-S` reads it: a number without an exponent, which YAML would take for text."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15f}".rstrip("0") if isinstance(value, float) and "e" in str(value) else str(value)
