"""What the methods promise, counted in at least 1,000 simulated studies each: coverage, false claims, power."""

from unittest import mock

import numpy as np
import pytest

from regularization.evidence import statistics

STUDIES = 1000
SPLITS = 20
# rows of one simulated table, in the proportions of the real one: training 0.64, validation 0.16, test 0.2
N_TRAIN, N_VALIDATION, N_TEST = 102, 26, 32
SIZES = {"n_train": N_TRAIN, "n_test": N_TEST}


# --- a population of rows, real random splits of one finite table, and learners in closed form


def rows(rng, n_tables: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Tables of 20 features in 5 blocks of equal worth: X `(n_tables, n, 20)`, y of -1 and 1 `(n_tables, n)`."""
    X = rng.normal(size=(n_tables, n, 20))
    return X, np.sign(X.sum(axis=-1) + rng.normal(scale=2.5, size=(n_tables, n)))


def learn(X_train, y_train, X_test, y_test, *, columns: slice, l2: float) -> np.ndarray:
    """Ridge regression on some columns: accuracy and squared error, `(2, ...)`."""
    X_train, X_test = X_train[..., columns], X_test[..., columns]
    gram = np.swapaxes(X_train, -1, -2) @ X_train + l2 * np.eye(X_train.shape[-1])
    weights = np.linalg.solve(gram, np.swapaxes(X_train, -1, -2) @ y_train[..., None])
    predicted = (X_test @ weights)[..., 0]
    return np.array([(np.sign(predicted) == y_test).mean(-1), ((predicted - y_test) ** 2).mean(-1)])


def resampled_scores(learners: list[dict], *, seed: int, n_splits: int = SPLITS) -> np.ndarray:
    """Scores of each learner in each split of each study's one table: `(learner, metric, study, split)`."""
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(10):
        X, y = rows(rng, STUDIES // 10, N_TRAIN + N_VALIDATION + N_TEST)
        shuffled = rng.random((len(X), n_splits, X.shape[1])).argsort(axis=-1)
        table = np.arange(len(X))[:, None, None]
        train, test = shuffled[..., :N_TRAIN], shuffled[..., -N_TEST:]
        parts = X[table, train], y[table, train], X[table, test], y[table, test]
        batches.append([learn(*parts, **learner) for learner in learners])
    return np.concatenate(batches, axis=2)


def true_difference(learner: dict, reference: dict) -> np.ndarray:
    """Expected difference of accuracy and squared error, from 5,000 fresh tables with 400 fresh test rows each."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(25):
        X, y = rows(rng, 200, N_TRAIN + 400)
        parts = X[:, :N_TRAIN], y[:, :N_TRAIN], X[:, N_TRAIN:], y[:, N_TRAIN:]
        found.append((learn(*parts, **learner) - learn(*parts, **reference)).mean(axis=-1))
    return np.mean(found, axis=0)


def block(number: int) -> dict:
    return {"columns": slice(4 * number, 4 * number + 4), "l2": 1e-9}


@pytest.fixture(scope="module")
def equal_learners() -> np.ndarray:
    """Differences of four learners to a fifth, none better: each sees another block of columns, all of equal worth.

    Shape `(variant, metric, study, split)`.
    """
    scores = resampled_scores([block(number) for number in range(5)], seed=1)
    return scores[1:] - scores[:1]


def correlated_differences(rng, n_studies: int, n_splits: int, ratio: float) -> np.ndarray:
    """Normal differences around 0, `(study, split)`, of sd 1 within a study, correlated as Nadeau and Bengio assume."""
    return rng.normal(size=(n_studies, n_splits)) + np.sqrt(ratio) * rng.normal(size=(n_studies, 1))


def covered(estimates: list[statistics.Estimate], truth: float) -> float:
    return float(np.mean([estimate.lower <= truth <= estimate.upper for estimate in estimates]))


def test_exact_intervals_cover_95_percent():
    rng = np.random.default_rng(0)
    independent = [statistics.mean_interval(values) for values in rng.normal(3, 2, size=(4 * STUDIES, 50))]
    assert 0.93 <= covered(independent, 3) <= 0.97
    values = 3 + correlated_differences(rng, 4 * STUDIES, SPLITS, N_TEST / N_TRAIN)
    assert 0.93 <= covered([statistics.corrected_interval(study) for study in values], 3) <= 0.97


def test_interval_covers_with_overlapping_splits_where_the_plain_one_does_not(equal_learners):
    for metric in (0, 1):
        studies = equal_learners[0, metric]
        corrected = covered([statistics.corrected_interval(study) for study in studies], 0)
        plain = covered([statistics.mean_interval(study) for study in studies], 0)
        assert 0.93 <= corrected <= 0.98
        assert plain < 0.70


@pytest.mark.parametrize("n_splits", [5, 20])
@pytest.mark.parametrize(
    "learner",
    [{"columns": slice(0, 16), "l2": 1e-9}, {"columns": slice(0, 20), "l2": 60}],
    ids=["fewer columns", "stronger penalty"],
)
def test_interval_covers_a_known_difference_with_overlapping_splits(learner, n_splits):
    reference = {"columns": slice(0, 20), "l2": 1e-9}
    truth = true_difference(learner, reference)
    scores = resampled_scores([reference, learner], seed=2, n_splits=n_splits)
    for metric in (0, 1):
        studies = scores[1, metric] - scores[0, metric]
        assert covered([statistics.corrected_interval(study) for study in studies], truth[metric]) >= 0.93


# --- verdicts in simulated studies


@mock.patch("gc.collect", mock.Mock())  # statsmodels calls it for every family: 0.1 s, too long for thousands of them
def verdicts(studies: np.ndarray, *, rope: float = 0.0, planned_sd: float | None = None) -> np.ndarray:
    """Verdicts, `(study, variant)`, on differences, `(study, variant, split)`: one Holm family a study.

    The limit is planned from `planned_sd`, or else estimated from each study's own spread, to which it is proportional.
    """
    n_variants = studies.shape[1]
    planned = limit(planned_sd or 1.0, rope=rope, comparisons=n_variants)
    said = []
    for study in studies:
        estimates = [statistics.corrected_interval(differences) for differences in study]
        adjusted = statistics.holm([estimate.p_value for estimate in estimates])
        limits = np.full(n_variants, planned) if planned_sd else planned * study.std(axis=1, ddof=1)
        families = zip(estimates, adjusted, limits, strict=True)
        said.append([statistics.verdict(e, p_adjusted=p, rope=rope, detectable=far) for e, p, far in families])
    return np.array(said)


def limit(sd: float, n_splits: int = SPLITS, **settings) -> float:
    return statistics.detectable_difference(sd, n_splits, **SIZES, **settings)


def test_no_difference_is_claimed_in_at_most_5_percent_of_the_exact_models_studies():
    studies = correlated_differences(np.random.default_rng(3), 4 * STUDIES, SPLITS, N_TEST / N_TRAIN)[:, None]
    said = verdicts(studies)
    assert 0.035 <= np.isin(said, ["better", "worse"]).mean() <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / len(said))


def test_no_difference_of_four_variants_is_claimed_in_at_most_5_percent_of_the_studies(equal_learners):
    for metric in (0, 1):
        said = verdicts(np.moveaxis(equal_learners[:, metric], 0, 1))
        claimed = np.isin(said, ["better", "worse"]).any(axis=1)
        assert claimed.mean() <= 0.05


def test_a_difference_as_large_as_the_region_is_called_equivalent_in_at_most_2_5_percent():
    studies = correlated_differences(np.random.default_rng(8), 4 * STUDIES, SPLITS, N_TEST / N_TRAIN)[:, None]
    assert (verdicts(studies, rope=3.0, planned_sd=1.0) == "equivalent").mean() > 0.9
    said = verdicts(studies + 3.0, rope=3.0, planned_sd=1.0)
    assert 0.015 <= (said == "equivalent").mean() <= 0.025 + 1.645 * np.sqrt(0.025 * 0.975 / len(said))


@pytest.mark.parametrize(
    ("n_variants", "rope", "planned_sd"),
    [(1, 0.0, None), (1, 0.0, 1.0), (4, 0.0, None), (1, 3.0, 1.0), (4, 1.0, 1.0)],
)
def test_a_difference_at_the_limit_is_found_in_at_least_78_percent(n_variants, rope, planned_sd):
    """One variant is better by the limit, the others are not; the sd is 1, the limit planned from it or estimated."""
    rng = np.random.default_rng(4)
    studies = np.stack(
        [correlated_differences(rng, 2 * STUDIES, SPLITS, N_TEST / N_TRAIN) for _ in range(n_variants)], 1
    )
    studies[:, 0] += limit(1.0, rope=rope, comparisons=n_variants)
    found = (verdicts(studies, rope=rope, planned_sd=planned_sd)[:, 0] == "better").mean()
    assert 0.78 <= found <= 0.83


def test_a_difference_at_the_limit_is_found_with_overlapping_splits(equal_learners):
    for metric in (0, 1):
        studies = equal_learners[0, metric]
        sd = np.sqrt(studies.var(axis=1, ddof=1).mean())
        said = verdicts((studies + limit(sd))[:, None], planned_sd=sd)
        assert (said == "better").mean() >= 0.78


def test_refusing_every_observed_difference_under_the_limit_would_halve_the_power():
    """Why `verdict` asks that the interval reach the limit, not the estimate: no rule can have both."""
    studies = correlated_differences(np.random.default_rng(5), 2 * STUDIES, SPLITS, N_TEST / N_TRAIN) + limit(1.0)
    assert 0.46 <= (studies.mean(axis=1) >= limit(1.0)).mean() <= 0.54


def test_claims_under_the_limit_exaggerate():
    """Gelman and Carlin's type M error, for which the size of such a claim is flagged."""
    truth = limit(1.0) / 3
    studies = correlated_differences(np.random.default_rng(6), 2 * STUDIES, SPLITS, N_TEST / N_TRAIN) + truth
    claimed = studies.mean(axis=1)[verdicts(studies[:, None], planned_sd=1.0)[:, 0] == "better"]
    assert claimed.mean() > 1.5 * truth
