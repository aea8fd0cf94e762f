"""Small tables with a known answer, and all that a report is made of, for its tests."""

import functools

import numpy as np
import pandas as pd

from regularization.evidence import evidence_tables
from regularization.params import check_params
from tests.evidence.simulated import HEADLINE as HEADLINE_MODELS
from tests.evidence.simulated import simulated

BASE, STRONG, WEAK = "base", "l1l2", "dropout"
VARIATION = "l1_0001"
HOSTILE = "</script><img src=x onerror=alert(1)>"  # a name that would end a script and start another


def compared(
    verdict="undecided", difference=0.0, *, variant=STRONG, reference=BASE, metric="accuracy", width=0.01
) -> dict:
    """A row of the evidence's comparisons."""
    bounds = {"lower": difference - width, "upper": difference + width}
    joint = {f"joint_{name}": value for name, value in bounds.items()}
    row = {"metric": metric, "family": "headline", "variant": variant, "reference": reference, "verdict": verdict}
    return row | {"difference": difference, "differing": 1.0, "equivalence": 0.02} | bounds | joint


def measures(**variants: dict) -> pd.DataFrame:
    """The table of `why.measured` of a baseline that learned by heart, and of what is given of others.

    A variant's difference to the baseline is clear, unless `unclear` names the measure.
    """
    base = {"train_loss": 0.1, "test_loss": 1.1, "gap": 1.0, "weight_norm": 16.0, "near_zero": 0.001, "ece": 0.2}
    base |= {"best_epoch": 20.0} | variants.pop("base", {})
    rows = {BASE: base}
    for name, its in variants.items():
        unclear = its.pop("unclear", ())
        rows[name] = base | its
        for measure, value in (base | its).items():
            change = value - base[measure]
            half = 2 * abs(change) + 1 if measure in unclear else abs(change) / 2
            bounds = {f"{measure}_lower": change - half, f"{measure}_upper": change + half}
            rows[name] = rows[name] | {f"{measure}_change": change} | bounds
    return pd.DataFrame(rows).T


def curve(loss=(0.7, 0.5, 1.1), accuracy=(0.7, 0.74, 0.74), variant=BASE) -> pd.DataFrame:
    """A mean curve over the epochs 1, 6, 11 ..."""
    values = {"val_binary_crossentropy": loss, "val_accuracy": accuracy}
    bands = {f"{name}{side}": its for name, its in values.items() for side in ("_low", "_high")}
    return pd.DataFrame({"variant": variant, "epoch": 1 + 5 * np.arange(len(loss))} | values | bands)


def reliability(called=0.95, true=0.8, variant=BASE) -> pd.DataFrame:
    """A reliability diagram of two bins, and one that no row fell into."""
    bins = {"bin": [1, 5, 10], "rows": [500, 0, 600]}
    shares = {"mean_probability": [1 - called, np.nan, called], "share_of_class_1": [1 - true, np.nan, true]}
    return pd.DataFrame({"variant": variant} | bins | shares)


@functools.cache
def _found() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    trainings, blocks = simulated((*HEADLINE_MODELS, VARIATION), gains={STRONG: 0.05}, splits=20)
    headline = tuple(HEADLINE_MODELS)
    return trainings, evidence_tables(trainings, blocks, headline=headline, of_notebook=headline)


def renamed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with another name for the variation."""
    text = table.select_dtypes(exclude="number").columns
    return table.assign(**{column: table[column].replace(VARIATION, name) for column in text})


def inputs(params: dict, *, hostile: bool = False, origin: str = "published") -> dict:
    """All that `report_page` takes: three headline models and a variation, which `hostile` gives a name that bites."""
    extra = HOSTILE if hostile else VARIATION
    params["replicate"]["variants"] = {VARIATION: {"l1": 0.001}}
    if hostile:
        place = "/home/someone/secret/mine.csv"
        params["data"] |= {"url": place, "watch": place, "target": HOSTILE, "columns": None}
    dumped = check_params(params).model_dump(mode="json")
    variants = (*HEADLINE_MODELS, extra)
    headline = tuple(HEADLINE_MODELS)
    trainings, evidence = _found()
    trainings = renamed(trainings, extra)
    evidence = {name: renamed(table, extra) for name, table in evidence.items()}
    evidence |= {"table": evidence["table"].assign(origin=origin)}
    number = trainings["variant"].map(variants.index)
    shares = [name for name in trainings if name.endswith(("_accuracy", "_brier", "_roc_auc"))]
    trainings[shares] = trainings[shares].clip(0, 1)  # the stages refuse a share that is none
    trainings = trainings.assign(
        train_binary_crossentropy=trainings["test_binary_crossentropy"] / 2,
        weight_norm=16 - number,
        near_zero_weights=number / 10,
        best_epoch=20 + trainings["seed"],
    )
    curves, calibration = (
        pd.concat([make(variant=variant) for variant in variants], ignore_index=True) for make in (curve, reliability)
    )
    history = {key: [0.5, 0.6, 0.7] for key in ("accuracy", "val_accuracy", "loss", "val_loss")}
    score = {"test": {"accuracy": 0.75, "loss": 0.6, "binary_crossentropy": 0.55}}
    return {
        "params": dumped,
        "evidence": evidence,
        "trainings": trainings,
        "curves": curves,
        "calibration": calibration,
        "histories": dict.fromkeys(headline, history),
        "scores": dict.fromkeys(headline, score),
        "data": {
            "rows": {"all": 800, "train": 512, "validation": 128, "test": 160},
            "share_of_class_1": {"all": 0.5},
            "majority_class_on_test_rows": {"accuracy": 0.5, "binary_crossentropy": 0.693},
            "duplicate_rows": 0,
            "test_rows_also_in_training": 0,
            "origin": origin,
        },
        "source": {"origin": origin, "url": dumped["data"]["url"], "sha256": "0" * 64, "bytes": 1234},
        "requirements": "keras==3.15.1\nscipy==1.17.1 ; python_version >= '3.11'\nunknown==1\n",
        "subheading": "Reg: l1=0.01",
        "pictures": dict.fromkeys(
            ("differences", "validation_loss", "sweep"), "<svg xmlns='http://www.w3.org/2000/svg'/>"
        ),
        "sweep": sweep(),
    }


def sweep(in_set: int = 2) -> tuple[pd.DataFrame, dict]:
    """The results of a small grid, in which the loss falls with dropout; one setting is off where it is empty."""
    rows = []
    for l1 in (None, 0.001):
        for dropout in (0.1, 0.3):
            row = {"configuration": len(rows), "l1": l1, "dropout": dropout, "epochs": 500}
            row |= {"trainings": 5, "val_binary_crossentropy": 0.7 - dropout + (l1 or 0), "val_accuracy": 0.7}
            rows.append(row | {"val_binary_crossentropy_sd": 0.02, "val_accuracy_sd": 0.01, "eliminated_after": None})
    table = pd.DataFrame(rows).sort_values("val_binary_crossentropy", ignore_index=True)
    table["cannot_be_told_from_best"] = table.index < in_set
    value = {"value": 0.55, "lower": 0.5, "upper": 0.6}
    found = {
        "best": {"l1": None, "dropout": 0.3, "epochs": 500},
        "simplest": {"l1": None, "dropout": None, "epochs": None},
        "configurations": 4,
        "trainings": 20,
        "set_size": in_set,
        "test": {"binary_crossentropy": value, "accuracy": value | {"value": 0.51}},
        "values": [
            {"metric": "binary_crossentropy", "family": "sweep", "variant": name, "reference": "the best configuration"}
            | {"difference": difference, "lower": difference - 0.01, "upper": difference + 0.01, "equivalence": 0.02}
            | {"joint_lower": None, "joint_upper": None, "verdict": verdict}
            for name, difference, verdict in (
                ("l1 none", 0.0, "undecided"),
                ("l1 0.001", 0.001, "undecided"),
                ("dropout 0.1", 0.2, "worse"),
                ("dropout 0.3", 0.0, "undecided"),
            )
        ],
        "test_rows": 256,
        "optimism": {"value": 0.02, "lower": 0.01, "upper": 0.03},
        "try_it": "dvc exp run -S dropout=0.3",
    }
    return table, found
