"""Columns that tell the target by themselves: often the target again in other words, or what is known only after it."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

MOST_ROWS = 5000  # that are looked at
LEAVES = 16
LEAST_SHARE = 0.94  # of the variance of a number that a column must tell
MOST_WRONG = 0.01  # of all rows, and a tenth of those that the majority class has wrong


def telling_columns(features: pd.DataFrame, y: np.ndarray, *, is_number: bool) -> dict[str, str]:
    """The columns that alone tell the target on rows that a tree of 16 leaves has not seen, each with how well.

    `features` are `(rows, features)` floats, NaN where missing; `y` is `(rows,)`.
    """
    drawn = np.random.RandomState(0).permutation(len(y))[:MOST_ROWS]
    X, y = features.to_numpy(float)[drawn], np.asarray(y)[drawn]
    tree = (DecisionTreeRegressor if is_number else DecisionTreeClassifier)(max_leaf_nodes=LEAVES, random_state=0)
    majority = 0.0 if is_number else np.unique(y, return_counts=True)[1].max() / len(y)
    shares = {}
    for number, name in enumerate(features.columns):
        predicted = cross_val_predict(tree, X[:, [number]], y, cv=KFold(3))
        if is_number:
            share = 1 - float(np.mean((predicted - y) ** 2) / np.var(y))
            if share >= LEAST_SHARE:
                shares[str(name)] = f"{share:.0%} of its variance"
        else:
            wrong = float(np.mean(predicted != y))
            if wrong <= min(MOST_WRONG, (1 - majority) / 10):
                shares[str(name)] = f"{1 - wrong:.0%} of the rows" if wrong else "every row"
    return shares
