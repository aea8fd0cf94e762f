"""The stand-in holds the published table's figures, and a network overfits on it as it does on the published one."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, spearmanr
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from regularization.intake.standin import (
    DECIMALS,
    N_DUPLICATES,
    QUANTILES,
    RANK_CORRELATIONS,
    SCORE_COUNTS,
    figures_of,
    make_standin,
    standin_csv,
)
from regularization.networks.evaluation import score_predictions
from regularization.networks.models import build_model
from regularization.population import Dataset, train_population

pytestmark = pytest.mark.training

PUBLISHED_HEADER = (
    b'"fixed acidity";"volatile acidity";"citric acid";"residual sugar";"chlorides";"free sulfur dioxide";'
    b'"total sulfur dioxide";"density";"pH";"sulphates";"alcohol";"quality"'
)
PUBLISHED_COLUMNS = [name.strip('"') for name in PUBLISHED_HEADER.decode().split(";")]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_standin()


@pytest.fixture(scope="module")
def published_path() -> Path:
    path = Path(os.environ.get("DATA_MIRROR", "")) / "winequality-red.csv"
    if not path.is_file():
        pytest.skip("set DATA_MIRROR to a directory that holds winequality-red.csv")
    return path


@pytest.fixture(scope="module")
def published(published_path: Path) -> pd.DataFrame:
    return pd.read_csv(published_path, sep=";")


# The table


def test_columns_order_and_types(table):
    assert table.shape == (1599, 12)
    assert list(table.columns) == PUBLISHED_COLUMNS
    assert [str(dtype) for dtype in table.dtypes] == ["float64"] * 11 + ["int64"]
    assert table.index.equals(pd.RangeIndex(1599))
    assert not table.isna().any(axis=None)


def test_values_have_the_columns_decimals(table):
    pd.testing.assert_frame_equal(table.round(DECIMALS), table, check_exact=True)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_seed_ranges_balance_and_duplicates_are_the_published_ones(seed):
    table = make_standin(seed=seed)
    features = table[QUANTILES.columns]
    assert ((features >= QUANTILES.loc[0]) & (features <= QUANTILES.loc[1])).all(axis=None)
    assert set(table["quality"]) <= set(SCORE_COUNTS)
    assert abs((table["quality"] >= 6).mean() - 0.535) < 0.02
    assert table.duplicated().sum() == N_DUPLICATES


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(2, 400))
def test_any_number_of_rows_holds_both_classes(seed, n_rows):
    table = make_standin(seed=seed, n_rows=n_rows)
    assert table.shape == (n_rows, 12)
    assert set(table["quality"] >= 6) == {False, True}


@pytest.mark.parametrize("n_rows", [1, 0, -1])
def test_too_few_rows_are_refused(n_rows):
    with pytest.raises(ValueError, match=f"at least 2, so that both classes occur; received {n_rows}"):
        make_standin(n_rows=n_rows)


def test_duplicates_fall_on_both_sides_of_the_notebooks_split(table):
    train, test = train_test_split(table, test_size=0.2, random_state=42)
    seen = test.apply(tuple, axis=1).isin(set(train.apply(tuple, axis=1)))
    assert 0.15 < seen.mean() < 0.35  # 64 of 320 rows, 0.2, in the published table


# The distribution


def test_marginals_follow_the_stated_quantiles(table):
    """At most a share L of the rows lies below the quantile of level L, at least that share at or below it."""
    for level, quantiles in QUANTILES.iterrows():
        features = table[QUANTILES.columns]
        assert ((features < quantiles).mean() <= level + 0.02).all()
        assert ((features <= quantiles).mean() >= level - 0.02).all()


def test_scores_follow_the_stated_counts(table):
    counts = table["quality"].value_counts().reindex(list(SCORE_COUNTS), fill_value=0)
    assert (counts - pd.Series(SCORE_COUNTS)).abs().max() <= 0.02 * len(table)


def test_rank_correlations_of_the_table_are_the_stated_ones_within_sampling_error(table):
    """0.1 is three and a half standard errors of a correlation near 0 over 1,359 different rows."""
    np.testing.assert_allclose(spearmanr(table).statistic, RANK_CORRELATIONS, atol=0.1)


def test_rank_correlations_of_many_rows_are_the_stated_ones():
    """Neither the normal scores nor the ties of the quality shift them: without either step this fails."""
    np.testing.assert_allclose(spearmanr(make_standin(n_rows=200_000)).statistic, RANK_CORRELATIONS, atol=0.012)


# The text


def test_csv_has_the_published_header_and_one_line_a_row():
    lines = standin_csv().split(b"\n")
    assert lines[0] == PUBLISHED_HEADER
    assert lines.pop() == b""
    assert len(lines) == 1600
    assert {line.count(b";") for line in lines} == {11}


def test_csv_reads_back_as_the_table(table):
    read = pd.read_csv(io.BytesIO(standin_csv()), sep=";").astype(table.dtypes)
    pd.testing.assert_frame_equal(read, table, check_exact=True)


def test_csv_is_the_same_on_every_call_and_another_for_another_seed():
    assert standin_csv(seed=1) == standin_csv(seed=1)
    assert len({standin_csv(seed=seed) for seed in range(10)}) == 10


# Against the published table


def test_header_is_the_published_one(published_path):
    assert published_path.read_bytes().split(b"\n")[0] == PUBLISHED_HEADER


def test_constants_are_the_figures_of_the_published_table(published):
    figures = figures_of(published)
    assert (figures["n_rows"], figures["n_duplicates"]) == (1599, N_DUPLICATES)
    assert figures["score_counts"] == SCORE_COUNTS
    pd.testing.assert_frame_equal(figures["quantiles"], QUANTILES, check_dtype=False, rtol=0, atol=1e-9)
    np.testing.assert_allclose(figures["rank_correlations"], RANK_CORRELATIONS, rtol=0, atol=1e-9)


def test_decimals_are_those_of_nearly_all_published_values(published):
    kept = np.isclose(published, published.round(DECIMALS), rtol=0, atol=1e-9).mean(axis=0)
    fewer = {name: decimals - 1 for name, decimals in DECIMALS.items() if decimals}
    lost = np.isclose(published[list(fewer)], published[list(fewer)].round(fewer), rtol=0, atol=1e-9).mean(axis=0)
    assert kept.min() > 0.98
    assert lost.max() < 0.9


def test_marginals_are_close_to_the_published_ones(table, published):
    distances = {name: ks_2samp(table[name], published[name], method="asymp").statistic for name in table}
    assert max(distances.values()) < 0.04, distances


def test_no_row_is_a_published_one(table, published):
    assert not set(table.apply(tuple, axis=1)) & set(published.apply(tuple, axis=1))


# What the networks make of it: the notebook's protocol, the scaler fitted on the training rows

EPOCHS = 300


@pytest.fixture(scope="module", params=[pytest.param(16, marks=pytest.mark.slow)], ids="{} seeds".format)
def trained(request, table) -> dict[str, dict[str, np.ndarray]]:
    """Per model, the scores of every seed on the 1,023 training and the 320 test rows."""
    X_train, X_val, X_test, y_train, y_val, y_test = _notebook_split(table)
    data = Dataset(X_train, y_train, X_val, y_val)
    none = {"dropout": 1e-9}  # about one unit in a whole training; so one compiled program serves all three
    settings = {"base": none, "l1l2": none | {"l1": 0.01, "l2": 0.01}, "dropout": {"dropout": 0.2}}
    seeds = range(request.param)
    models = {name: [build_model(**values, seed=seed) for seed in seeds] for name, values in settings.items()}
    everyone = [model for of_kind in models.values() for model in of_kind]
    train_population(everyone, data, seeds=[*seeds] * len(models), epochs=EPOCHS)
    return {name: _scores(of_kind, X_train, y_train, X_test, y_test) for name, of_kind in models.items()}


def _scores(models, X_train, y_train, X_test, y_test) -> dict[str, np.ndarray]:
    found = [
        (score_predictions(y_train, _predict(model, X_train)), score_predictions(y_test, _predict(model, X_test)))
        for model in models
    ]
    return {
        "gap": np.array([train["accuracy"] - test["accuracy"] for train, test in found]),
        "test_loss": np.array([test["binary_crossentropy"] for _, test in found]),
    }


def _predict(model, X: np.ndarray) -> np.ndarray:
    return model(X.astype(np.float32), training=False).numpy().ravel()


def _notebook_split(table: pd.DataFrame) -> list[np.ndarray]:
    X, y = table.drop(columns="quality").to_numpy(), (table["quality"] >= 6).to_numpy(float)
    X_fit, X_test, y_fit, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    X_train, X_val, y_train, y_val = train_test_split(X_fit, y_fit, test_size=256, shuffle=False)
    scaler = StandardScaler().fit(X_train)
    return [*(scaler.transform(part) for part in (X_train, X_val, X_test)), y_train, y_val, y_test]


def test_the_base_model_overfits_with_every_seed(trained):
    assert (trained["base"]["gap"] >= 0.1).all()
    assert trained["base"]["gap"].mean() >= 0.15


@pytest.mark.parametrize("name", ["l1l2", "dropout"])
def test_regularized_models_have_the_lower_test_loss_with_every_seed(trained, name):
    assert (trained[name]["test_loss"] < trained["base"]["test_loss"]).all()
