"""A synthetic stand-in for the red-wine table, for machines that cannot reach the published CSV.

What it is: a seeded Gaussian copula (Nelsen, An Introduction to Copulas, 2nd ed. 2006, chapter 2) over figures of the
published table, which are the constants below: quantiles per column, counts of the quality, rank correlations, and the
number of repeated rows. It has the published columns, ranges, decimals, class balance and share of duplicates. A
network without regularization overfits on it as on the published table, and L1/L2 or dropout lower its test loss.

What it is not: wine. None of its rows is a published one; columns are related in pairs, monotonically, and nothing
beyond that is kept; so no figure obtained on it, accuracies above all, says anything about the published table. Nothing
was tuned to make it overfit: the quality follows the copula as every other column does.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

# Figures of the published table: 1,599 rows (P. Cortez et al., Decision Support Systems 47(4), 2009, 547-553).
# `figures_of` derives each of them, and a test compares them.

N_ROWS = 1599
N_DUPLICATES = 240  # rows that repeat an earlier one exactly
SCORE_COUNTS = {3: 10, 4: 53, 5: 681, 6: 638, 7: 199, 8: 18}  # rows per `quality`

# The decimals that (nearly) all values of a column are written with; they order the columns too.
DECIMALS = {
    "fixed acidity": 1,
    "volatile acidity": 3,
    "citric acid": 2,
    "residual sugar": 1,
    "chlorides": 3,
    "free sulfur dioxide": 0,
    "total sulfur dioxide": 0,
    "density": 5,
    "pH": 2,
    "sulphates": 2,
    "alcohol": 1,
    "quality": 0,
}
COLUMNS = list(DECIMALS)
FEATURES = COLUMNS[:-1]

# Level: the quantile of each feature, in the columns' order and units. Levels 0 and 1 are the published ranges.
# fmt: off
_QUANTILES = {
    0.00: ( 4.6, 0.120, 0.00,  0.9, 0.012,  1,   6, 0.99007, 2.74, 0.33,  8.4),
    0.01: ( 5.2, 0.190, 0.00,  1.4, 0.043,  3,   8, 0.99182, 2.93, 0.42,  9.0),
    0.05: ( 6.1, 0.270, 0.00,  1.6, 0.054,  4,  11, 0.99360, 3.06, 0.47,  9.2),
    0.10: ( 6.5, 0.310, 0.01,  1.7, 0.060,  5,  14, 0.99456, 3.12, 0.50,  9.3),
    0.15: ( 6.8, 0.340, 0.03,  1.8, 0.064,  6,  17, 0.99500, 3.16, 0.52,  9.4),
    0.20: ( 7.0, 0.370, 0.07,  1.8, 0.067,  6,  19, 0.99534, 3.18, 0.54,  9.5),
    0.25: ( 7.1, 0.390, 0.09,  1.9, 0.070,  7,  22, 0.99560, 3.21, 0.55,  9.5),
    0.30: ( 7.2, 0.415, 0.12,  2.0, 0.072,  9,  24, 0.99586, 3.23, 0.56,  9.6),
    0.35: ( 7.4, 0.440, 0.17,  2.0, 0.074, 10,  27, 0.99613, 3.26, 0.58,  9.8),
    0.40: ( 7.6, 0.470, 0.21,  2.1, 0.076, 11,  30, 0.99630, 3.28, 0.59,  9.9),
    0.45: ( 7.7, 0.500, 0.24,  2.1, 0.078, 12,  34, 0.99652, 3.29, 0.60, 10.0),
    0.50: ( 7.9, 0.520, 0.26,  2.2, 0.079, 14,  38, 0.99675, 3.31, 0.62, 10.2),
    0.55: ( 8.1, 0.545, 0.29,  2.2, 0.081, 15,  42, 0.99690, 3.33, 0.64, 10.4),
    0.60: ( 8.3, 0.570, 0.32,  2.3, 0.082, 16,  46, 0.99716, 3.35, 0.65, 10.5),
    0.65: ( 8.6, 0.590, 0.35,  2.4, 0.084, 17,  49, 0.99734, 3.36, 0.67, 10.7),
    0.70: ( 8.9, 0.610, 0.39,  2.5, 0.087, 19,  55, 0.99760, 3.38, 0.70, 10.9),
    0.75: ( 9.2, 0.640, 0.42,  2.6, 0.090, 21,  62, 0.99784, 3.40, 0.73, 11.1),
    0.80: ( 9.7, 0.660, 0.46,  2.7, 0.094, 24,  69, 0.99817, 3.42, 0.76, 11.3),
    0.85: (10.2, 0.691, 0.49,  3.0, 0.099, 27,  82, 0.99860, 3.46, 0.80, 11.6),
    0.90: (10.7, 0.745, 0.52,  3.6, 0.109, 31,  93, 0.99914, 3.51, 0.85, 12.0),
    0.95: (11.8, 0.840, 0.60,  5.1, 0.126, 35, 112, 1.00000, 3.57, 0.93, 12.5),
    0.99: (13.3, 1.020, 0.70,  8.3, 0.360, 50, 145, 1.00151, 3.70, 1.26, 13.4),
    1.00: (15.9, 1.580, 1.00, 15.5, 0.611, 72, 289, 1.00369, 4.01, 2.00, 14.9),
}
# Spearman's rank correlation of each column with the columns before it.
_RANK_CORRELATIONS = (
    (),
    (-0.28,),
    ( 0.66, -0.61),
    ( 0.22,  0.03,  0.18),
    ( 0.25,  0.16,  0.11,  0.21),
    (-0.18,  0.02, -0.08,  0.07,  0.00),
    (-0.09,  0.09,  0.01,  0.15,  0.13,  0.79),
    ( 0.62,  0.03,  0.35,  0.42,  0.41, -0.04,  0.13),
    (-0.71,  0.23, -0.55, -0.09, -0.23,  0.12, -0.01, -0.31),
    ( 0.21, -0.33,  0.33,  0.04,  0.02,  0.05,  0.00,  0.16, -0.08),
    (-0.07, -0.22,  0.10,  0.12, -0.28, -0.08, -0.26, -0.46,  0.18,  0.21),
    ( 0.11, -0.38,  0.21,  0.03, -0.19, -0.06, -0.20, -0.18, -0.04,  0.38,  0.48),
)
# fmt: on
QUANTILES = pd.DataFrame.from_dict(_QUANTILES, orient="index", columns=FEATURES)
RANK_CORRELATIONS = np.zeros((len(COLUMNS), len(COLUMNS)))
RANK_CORRELATIONS[np.tril_indices_from(RANK_CORRELATIONS, -1)] = np.concatenate(_RANK_CORRELATIONS)
RANK_CORRELATIONS += RANK_CORRELATIONS.T + np.eye(len(COLUMNS))


def figures_of(table: pd.DataFrame) -> dict:
    """The figures of `table` that this module holds of the published one, rounded as they are held."""
    return {
        "n_rows": len(table),
        "n_duplicates": int(table.duplicated().sum()),
        "score_counts": table["quality"].value_counts().sort_index().to_dict(),
        "quantiles": table[FEATURES].quantile(QUANTILES.index.to_numpy()).round(DECIMALS),
        "rank_correlations": table[COLUMNS].corr("spearman").round(2).to_numpy(),
    }


def make_standin(*, seed: int = 42, n_rows: int = N_ROWS) -> pd.DataFrame:
    """A table of shape `(n_rows, 12)`, drawn from `seed`: the published columns, `quality` int64, the others float64.

    The share of repeated rows is the published one: so many rows fewer are drawn, and rows picked at random, some more
    than once, stand again elsewhere in the table.

    Raises `ValueError` for fewer than 2 rows, which cannot hold both classes.
    """
    if n_rows < 2:
        raise ValueError(f"n_rows must be at least 2, so that both classes occur; received {n_rows}")
    generator = np.random.default_rng(seed)
    n_repeated = round(n_rows * N_DUPLICATES / N_ROWS)
    n_distinct = n_rows - n_repeated
    levels = _copula_levels(generator, n_distinct)
    distinct = pd.DataFrame({name: _at_levels(name, levels[:, column]) for column, name in enumerate(COLUMNS)})
    repeated = generator.integers(n_distinct, size=n_repeated)
    order = generator.permutation(np.concatenate([np.arange(n_distinct), repeated]))
    return distinct.iloc[order].reset_index(drop=True)


def standin_csv(*, seed: int = 42, n_rows: int = N_ROWS) -> bytes:
    """The table in the published file's form: a quoted header, `;` between values, no needless zeros, `\\n` at the end.

    Read back, the two sulfur dioxide columns are int64: the published file has a few halves there, this one has none.
    """
    header = ";".join(f'"{name}"' for name in COLUMNS)
    # %g writes 7 for 7.0, and its six digits suffice: 1.00369 is the longest value there is.
    lines = make_standin(seed=seed, n_rows=n_rows).to_csv(
        sep=";", header=False, index=False, float_format="%g", lineterminator="\n"
    )
    return f"{header}\n{lines}".encode()


def _copula_levels(generator: np.random.Generator, n_rows: int) -> np.ndarray:
    """Levels in (0, 1), `(n_rows, 12)`: correlated normal scores, replaced by their ranks within the column.

    Ranks take the place of the normal distribution function, as in Iman & Conover (Communications in Statistics B 11,
    1982, 311-334), for two reasons: every column has the stated quantiles whatever the seed, and a rounding error of
    another processor, which moves a score but changes no rank, changes nothing.
    """
    factor = np.linalg.cholesky(_normal_correlations())
    scores = generator.standard_normal((n_rows, len(COLUMNS))) @ factor.T
    return (rankdata(scores, axis=0) - 0.5) / n_rows


def _normal_correlations() -> np.ndarray:
    """The correlations of normal scores, `(12, 12)`, that give the columns the stated rank correlations.

    The rank correlation r of two normal variables belongs to the correlation 2 sin(pi r / 6) (Kruskal, JASA 53, 1958,
    814-861). Cutting one of them into scores with shares p lowers r by the factor sqrt(1 - sum(p**3)), the standard
    deviation of tied ranks over that of untied ones (Kendall, Rank Correlation Methods, 1948, chapter 3).
    """
    shares = np.array(list(SCORE_COUNTS.values())) / N_ROWS
    untied = RANK_CORRELATIONS.copy()
    untied[-1, :-1] /= np.sqrt(1 - np.sum(shares**3))
    untied[:-1, -1] = untied[-1, :-1]
    return 2 * np.sin(np.pi / 6 * untied)


def _at_levels(name: str, levels: np.ndarray) -> np.ndarray:
    """The values of the column `name` at `levels`: `quality` by its counts, a feature linear between its quantiles."""
    if name == "quality":
        upper_levels = np.cumsum(list(SCORE_COUNTS.values())) / N_ROWS
        return np.array(list(SCORE_COUNTS))[np.searchsorted(upper_levels, levels)]
    return np.interp(levels, QUANTILES.index, QUANTILES[name]).round(DECIMALS[name])
