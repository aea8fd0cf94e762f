import numpy as np
import pytest
from scipy import special, stats

from regularization.population.dropout_masks import dropout_key
from regularization.population.gaussian_noise import gaussian_noise, inverse_error_function

pytestmark = pytest.mark.training


def noise(seed=0, step=0, layer=0, shape=(50, 40), stddev=0.5) -> np.ndarray:
    return gaussian_noise(dropout_key(seed)[:, None], step, layer, shape, np.float32([stddev])).numpy()[..., 0]


def test_the_inverse_is_that_of_scipy_from_the_middle_to_the_last_number_below_one():
    x = np.float32([*np.linspace(-0.9999, 0.9999, 1001), 1 - 2.0**-24, 2.0**-24 - 1, 2.0**-24])
    np.testing.assert_allclose(inverse_error_function(x), special.erfinv(x.astype(float)), rtol=2e-6, atol=1e-9)


def test_the_noise_is_normal_with_mean_0_and_its_standard_deviation():
    assert stats.kstest(noise(shape=(200, 200)).ravel(), stats.norm(0, 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("other", [{"seed": 1}, {"step": 1}, {"layer": 1}])
def test_another_seed_step_or_layer_gives_unrelated_noise(other):
    assert stats.pearsonr(noise().ravel(), noise(**other).ravel()).pvalue > 0.01


def test_it_depends_on_nothing_but_the_model():
    keys = np.stack([dropout_key(seed) for seed in (3, 0)], axis=-1)
    together = gaussian_noise(keys, 0, 0, (50, 40), np.float32([0.1, 0.5])).numpy()
    np.testing.assert_array_equal(together[..., 1], noise())
