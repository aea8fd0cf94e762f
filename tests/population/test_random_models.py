"""A hundred networks with random widths, techniques and strengths, each equal to Keras."""

import numpy as np
import pytest

from regularization.params.schema import technique_problem
from tests.population.test_techniques import assert_equals_keras

pytestmark = [pytest.mark.training, pytest.mark.slow]

STRENGTHS = {
    "l1": (0.0001, 0.1),
    "l2": (0.0001, 0.1),
    "bias_l1": (0.0001, 0.1),
    "activity_l2": (0.0001, 0.1),
    "dropout": (0.01, 0.9),
    "input_stddev": (0.05, 1.0),
    "hidden_stddev": (0.05, 1.0),
    "weight_decay": (0.01, 3.0),
    "max_norm": (0.2, 4.0),
    "clipnorm": (0.01, 1.0),
    "global_clipnorm": (0.01, 1.0),
    "clipvalue": (0.01, 1.0),
    "label_smoothing": (0.01, 0.5),
    "ema_momentum": (0.5, 0.99),
    "decay_rate": (0.01, 1.0),
    "learning_rate": (0.001, 0.03),
}


def drawn(random: np.random.Generator) -> dict:
    """Settings of `build_model`: each technique in a third of the networks, its strength anywhere in its range."""
    while True:
        chosen = [name for name in STRENGTHS if random.random() < 1 / 3]
        settings = {name: float(np.exp(random.uniform(*np.log(STRENGTHS[name])))) for name in chosen}
        widths = tuple(int(width) for width in random.integers(1, 7, size=random.integers(1, 3)))
        settings |= {"hidden_units": widths, "regularized_layers": (int(random.integers(1, len(widths) + 1)),)}
        settings |= {"batch_normalization": bool(random.random() < 1 / 3), "use_ema": bool(random.random() < 1 / 3)}
        if random.random() < 1 / 3:
            settings["decay_steps"] = int(random.integers(1, 40))
        if not technique_problem(settings):
            return settings


@pytest.mark.parametrize("number", range(20))
def test_random_networks_equal_keras(number):
    random = np.random.default_rng(number)
    assert_equals_keras({f"{number}.{each}": drawn(random) for each in range(5)}, n_classes=[2, 3, 0][number % 3])
