"""From the columns of a table to the inputs of a network: missing values filled in, texts spread out, numbers scaled.

It is what scikit-learn's `ColumnTransformer` of `SimpleImputer`, `OneHotEncoder` and `StandardScaler` gives, as plain
numbers, which a JSON file can hold: such a file can be read without running code from it, unlike a pickle.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

ROUNDING = 1e-12  # of the largest value: a smaller spread is what rounding makes of a constant


class Column(NamedTuple):
    """One feature of a table."""

    name: str
    categories: tuple[str, ...] = ()  # its texts; the first is encoded as 0, the next as 1. Empty: it holds numbers
    limits: tuple[float, float] | None = None  # the smallest and the largest plausible number; None: any
    may_miss: bool = False  # whether a value may be missing


class TargetScale(NamedTuple):
    """What a number to predict is standardized by: networks learn it in units of its spread."""

    mean: float
    scale: float  # the standard deviation, 1 for a constant

    def standardize(self, y: np.ndarray) -> np.ndarray:
        return (y - self.mean) / self.scale

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs of a network in the target's own units, 64-bit."""
        return outputs.astype(float) * self.scale + self.mean


def fit_target(y: np.ndarray) -> TargetScale:
    """The mean and the standard deviation of the training rows."""
    spread = float(np.std(y))
    return TargetScale(float(np.mean(y)), spread if spread > ROUNDING * np.abs(y).max() else 1.0)


def exact(scale: TargetScale) -> dict[str, str]:
    """Both numbers to the last digit, as texts: files of results round numbers."""
    return {name: repr(value) for name, value in scale._asdict().items()}


class Preprocessor(NamedTuple):
    """The numbers that were found on some rows, `(features,)` each, and applied to any."""

    n_categories: np.ndarray  # how many texts a column of texts has; 0 for one of numbers
    may_miss: np.ndarray  # whether a value may be missing: the column then gets a second input that says so
    fill: np.ndarray  # what a missing number is replaced with: the median
    mean: np.ndarray
    scale: np.ndarray  # the standard deviation, 1 for a constant column

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The inputs `(rows, inputs)` of the rows `X` `(rows, features)`, column by column.

        A number gives itself, scaled; a text gives an input per category that is 1 for its own, or a single one where
        there are two categories; a column with missing values then gives one that is 1 where the value is missing.
        """
        filled = np.where(np.isnan(X), self.fill, X) if self.may_miss.any() else X
        scaled = (filled - self.mean) / self.scale
        if not self.may_miss.any() and not self.n_categories.any():
            return scaled
        inputs = []
        for number, n_categories in enumerate(self.n_categories):
            inputs.append(_one_hot(X[:, number], n_categories) if n_categories else scaled[:, [number]])
            if self.may_miss[number]:
                inputs.append(np.isnan(X[:, [number]]).astype(float))
        return np.hstack(inputs)

    @property
    def n_inputs(self) -> int:
        return count_inputs(self.n_categories, self.may_miss)


def count_inputs(n_categories: np.ndarray, may_miss: np.ndarray) -> int:
    """How many inputs `Preprocessor.transform` makes of columns with so many categories each."""
    return int(np.where(n_categories > 2, n_categories, 1).sum() + may_miss.sum())


def _one_hot(codes: np.ndarray, n_categories: int) -> np.ndarray:
    """`(rows, n_categories)`, or `(rows, 1)` for two; all 0 where the value is missing."""
    kept = [1] if n_categories == 2 else range(n_categories)
    return (codes[:, None] == np.array(list(kept))).astype(float)


def fit_on(X: np.ndarray, *, n_categories: np.ndarray, may_miss: np.ndarray) -> Preprocessor:
    """The preprocessing whose medians, means and standard deviations are those of the rows `X` `(rows, features)`."""
    numbers = np.flatnonzero(n_categories == 0)
    fill, mean, scale = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.ones(X.shape[1])
    values = X if len(numbers) == X.shape[1] else X[:, numbers]
    if may_miss[numbers].any():
        imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(values)
        fill[numbers] = imputer.statistics_
        values = imputer.transform(values)
    elif len(numbers):
        fill[numbers] = np.median(values, axis=0)  # for new rows, where a value may be missing all the same
    if len(numbers):
        scaler = StandardScaler().fit(values)
        mean[numbers], scale[numbers] = scaler.mean_, scaler.scale_
    return Preprocessor(n_categories, may_miss, fill, mean, scale)


def to_plain(columns: Sequence[Column], preprocessor: Preprocessor) -> list[dict]:
    """The columns and what is done to each, a dictionary per column, as JSON can hold it."""
    plain = []
    for number, column in enumerate(columns):
        known = {"name": column.name, "may_miss": column.may_miss}
        if column.categories:
            plain.append(known | {"categories": list(column.categories)})
        else:
            fitted = {name: float(getattr(preprocessor, name)[number]) for name in ("fill", "mean", "scale")}
            plain.append(known | {"limits": list(column.limits) if column.limits else None} | fitted)
    return plain


def from_plain(plain: Sequence[dict]) -> tuple[tuple[Column, ...], Preprocessor]:
    """What `to_plain` was given."""
    columns = tuple(
        Column(
            known["name"],
            tuple(known.get("categories", ())),
            tuple(known["limits"]) if known.get("limits") else None,
            known["may_miss"],
        )
        for known in plain
    )
    fitted = [np.array([known.get(name, default) for known in plain], float) for name, default in NEUTRAL.items()]
    n_categories = np.array([len(column.categories) for column in columns])
    return columns, Preprocessor(n_categories, np.array([column.may_miss for column in columns]), *fitted)


NEUTRAL = {"fill": 0.0, "mean": 0.0, "scale": 1.0}  # what a column of texts has there
