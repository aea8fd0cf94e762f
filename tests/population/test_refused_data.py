"""What `train_population` does not take, and says so."""

import numpy as np
import pytest

from regularization.errors import InputError
from tests.population.test_training import DATA, build, train


def test_data_and_lists_that_do_not_fit_are_refused():
    model = build()
    with pytest.raises(ValueError, match="1 models .* 2 seeds"):
        train([model], seeds=[0, 1])
    with pytest.raises(ValueError, match=r"1 distinct"):
        train([model, model])
    with pytest.raises(ValueError, match=r"features of shape \(75, 4\).*expected \(rows, 5\)"):
        train([model], DATA._replace(X_train=DATA.X_train[:, :4]))
    with pytest.raises(ValueError, match=r"labels of shape \(74,\)"):
        train([model], DATA._replace(y_train=DATA.y_train[1:]))
    with pytest.raises(ValueError, match="received 4 features; expected the 5 of"):
        train([model, build(n_features=4)])
    with pytest.raises(ValueError, match="epochs: received 0"):
        train([model], epochs=np.int64(0))
    with pytest.raises(ValueError, match="patience: received 0"):
        train([model], patience=0)
    with pytest.raises(ValueError, match="patience: received 2 values; expected one for all or 1"):
        train([model], patience=[4, None])


@pytest.mark.parametrize("label", [2, 0.5, -1, np.nan])
def test_a_label_that_is_neither_0_nor_1_is_refused(label):
    y = DATA.y_val.astype(float)
    y[3] = label
    with pytest.raises(InputError, match=f"received the label {float(label)}; expected 0 or 1"):
        train([build()], DATA._replace(y_val=y))
