"""Train the recommended network on all rows -> models/recommended.keras, metrics/recommended.json."""

import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from regularization.heads import head_of
from regularization.networks.keras_file import PREPROCESSING, described_keras_file
from regularization.params import Params, load_params
from regularization.table import Arrays, Rows, Table, split_rows_by_group, to_arrays
from regularization.table.preprocessing import TargetScale, exact, fit_on, from_plain, to_plain
from regularization.variants import in_steps, network_settings, split_settings
from stages._ends import quiet_import, run_stage
from stages._files import atomic_file, read_json, write_json
from stages._prepared import PREPARED, prepared_table

MODEL = "models/recommended.keras"


def main() -> None:
    params, recommended = load_params(), read_json("metrics/evidence/recommended.json", ["variant", "settings"])
    name, variant = recommended["variant"], recommended["settings"]
    table = prepared_table()
    rows = _rows(params, table, stops_early=bool(split_settings(variant)[1]))
    length = {"epochs": params.epochs, "batch_size": params.batch_size}
    built_by, trained_by = split_settings(in_steps(variant, n_rows=len(rows.train), **length))
    description = read_json(PREPARED / PREPROCESSING)
    columns, fitted = from_plain(description["columns"])
    preprocessor = fit_on(table.X[rows.train], n_categories=fitted.n_categories, may_miss=fitted.may_miss)
    arrays = to_arrays(table, rows, preprocessor)
    description |= {"columns": to_plain(columns, preprocessor)}
    if arrays.target is not None:
        description["target"] |= exact(TargetScale(*arrays.target.tolist()))
    settings = network_settings(params) | built_by
    settings |= {"n_features": arrays.X_train.shape[1], "n_classes": table.n_classes, "seed": params.seed}
    model, epochs, scores = _train(arrays, settings, trained_by | length, params.seed, name)
    with atomic_file(MODEL) as partial:
        described = json.dumps(description, indent=2).encode()
        partial.write_bytes(described_keras_file(_saved(model, partial), model.get_weights(), described))
    of_network = {
        "variant": name,
        "settings": variant,
        "rows": {"trained_on": len(rows.train), "stopped_by": len(rows.val) if trained_by else 0},
        "epochs": epochs,
        "training": {name: scores[name] for name in table.head.shown_of_training},
    }
    origin = description["table"]["origin"]
    write_json("metrics/recommended.json", of_network | ({"origin": origin} if origin == "standin" else {}))
    print(
        f"{MODEL}: {name}, trained on {len(rows.train):,} of {len(table.y):,} rows; `make predict ROWS=new.csv` uses it"
    )


def _rows(params: Params, table: Table, *, stops_early: bool) -> Rows:
    """All rows to train on, less those to stop by where the network stops early; identical rows stay together."""
    if not stops_early:
        everything = np.arange(len(table.y))
        return Rows(everything, everything, everything[:0])
    shares = {"test_size": params.split.test_size, "validation_split": params.split.validation_split}
    rows = split_rows_by_group(table.groups, **shares, random_state=params.split.random_state)
    return Rows(np.concatenate([rows.train, rows.test]), rows.val, rows.test[:0])


def _train(arrays: Arrays, settings: dict, training: dict, seed: int, name: str):
    """The trained model, after how many epochs, and its scores on the rows that it was trained on."""
    with quiet_import():
        import tensorflow as tf
        from keras.callbacks import LambdaCallback

        from regularization.networks.evaluation import predictions, score_predictions
        from regularization.networks.fit import fit_epochs
        from regularization.networks.models import build_model
    tf.config.experimental.enable_op_determinism()
    model = build_model(**settings)
    with tqdm(total=training["epochs"], desc=name, unit="epoch", disable=None) as bar:
        history = fit_epochs(
            model, *arrays[:4], **training, seed=seed, callbacks=[LambdaCallback(on_epoch_end=lambda *_: bar.update())]
        )
    predicted, y = (arrays.restored(values) for values in (predictions(model, arrays.X_train), arrays.y_train))
    return model, len(history.epoch), score_predictions(y, predicted, head_of(settings["n_classes"]))


def _saved(model, path: Path) -> bytes:
    """The bytes of the model's file, which Keras writes to a path alone."""
    try:
        model.save(path)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    run_stage(main)
