import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from regularization.population.dropout_masks import _threefry, dropout_key, dropout_mask

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
    ],
)
def test_threefry_gives_its_authors_known_answers(counter, key, words):
    """The vectors `threefry2x32 13` of the Random123 library's kat_vectors."""
    found = _threefry(tf.constant(key, tf.uint32), *(tf.constant(c, tf.uint32) for c in counter))
    assert tuple(int(word) for word in found) == words


def kept(seeds, rate, steps=40, layer=1) -> np.ndarray:
    """Which units dropout keeps: `(steps, 32, 20, models)`."""
    keys = np.stack([dropout_key(seed) for seed in seeds], axis=-1)
    rates = np.full(len(seeds), rate, np.float32)
    return np.stack([dropout_mask(keys, step, layer, (32, 20), rates) for step in range(steps)]) > 0


@pytest.mark.parametrize("rate", [0.005, 0.1, 0.2, 0.5, 0.9])
def test_dropout_masks_drop_at_their_rate_everywhere(rate):
    masks = kept(range(30), rate)
    assert stats.binomtest(int((~masks).sum()), masks.size, rate).pvalue > 1e-4
    for axis in range(4):
        others = tuple(number for number in range(4) if number != axis)
        dropped, size = (~masks).sum(axis=others), masks.size / masks.shape[axis]
        expected = np.stack([size * rate, size * (1 - rate)])[:, None]
        chi2 = (np.stack([dropped - size * rate, size * rate - dropped]) ** 2 / expected).sum()
        assert stats.chi2.sf(chi2, masks.shape[axis]) > 1e-4, f"axis {axis}"


def test_dropout_masks_are_unrelated_between_seeds_steps_layers_rows_and_units():
    masks = kept(range(20), 0.5).astype(float) - 0.5
    other_layer = kept(range(20), 0.5, layer=2) - 0.5
    pairs = {
        "steps": (masks[1:], masks[:-1]),
        "rows": (masks[:, 1:], masks[:, :-1]),
        "halves of the rows": (masks[:, 16:], masks[:, :16]),
        "units": (masks[:, :, 1:], masks[:, :, :-1]),
        "seeds": (masks[..., 1:], masks[..., :-1]),
        "layers": (masks, other_layer),
    }
    for name, (one, other) in pairs.items():
        z = (one * other).sum() / (0.25 * np.sqrt(one.size))  # a sum of independent signs over its standard deviation
        assert abs(z) < 4, name


def test_an_odd_number_of_rows_has_masks_too():
    keys = np.stack([dropout_key(seed) for seed in range(200)], axis=-1)
    masks = dropout_mask(keys, 0, 0, (3, 2), np.full(200, 0.5, np.float32)).numpy()
    assert masks.shape == (3, 2, 200)
    assert len({masks[row, unit].tobytes() for row in range(3) for unit in range(2)}) == 6


def test_dropout_masks_keep_the_mean_and_end_at_rate_one():
    np.testing.assert_allclose(np.unique(dropout_mask(dropout_key(0)[:, None], 0, 0, (32, 20), [0.2])), [0, 1.25])
    assert not np.any(dropout_mask(dropout_key(0)[:, None], 0, 0, (32, 20), np.float32([1.0])))
