"""Train one of the headline models with Keras, logged by DVCLive -> models/, metrics/, plots/."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from regularization.errors import InputError
from regularization.heads import head_of
from regularization.networks.keras_file import PREPROCESSING, described_keras_file
from regularization.params import load_params
from regularization.table import Arrays
from regularization.variants import (
    headline_models,
    headline_settings,
    in_steps,
    network_settings,
    training_settings,
)
from stages._ends import chosen, quiet_import, run_stage
from stages._files import atomic_file, atomic_folder, read_json, write_json
from stages._kept import kept_results
from stages._prepared import PREPARED, prepared_parts

EPOCHS_PER_SYNC = 50


class Files(NamedTuple):
    """What a training writes."""

    archive: np.ndarray  # bytes of a zip


def main() -> None:
    params = load_params()
    name = chosen("model", headline_models(params), __doc__)
    arrays = prepared_parts()
    preprocessing = (PREPARED / PREPROCESSING).read_bytes()  # a model alone could take no new row
    n_classes = len(read_json(PREPARED / PREPROCESSING, ["target"])["target"]["labels"])
    shared = network_settings(params) | {
        "n_features": arrays.X_train.shape[1],
        "n_classes": n_classes,
        "seed": params.seed,
    }
    length = {"epochs": params.epochs, "batch_size": params.batch_size}
    settings = in_steps(headline_settings(params, name), n_rows=len(arrays.X_train), **length) | shared
    training = training_settings(params) | length
    with quiet_import():
        from regularization.networks import evaluation, fit, models  # noqa: F401 (the store asks which code is in use)
    kept = kept_results(Files, tuple(arrays), preprocessing)
    files = kept.load(settings, training)
    if files is None:
        files = _train(name, arrays, settings, training, preprocessing)
        kept.save(files, settings, training)
    _write(files, name)


def _train(name: str, arrays: Arrays, settings: dict, training: dict, preprocessing: bytes) -> Files:
    """Train the model, with its curves in the workspace as they grow, and return all that is to be written."""
    import tensorflow as tf

    from regularization.networks.evaluation import headline_metrics
    from regularization.networks.fit import fit_epochs
    from regularization.networks.models import build_model

    tf.config.experimental.enable_op_determinism()
    model, epochs = build_model(**settings), training["epochs"]
    with atomic_folder(f"plots/{name}") as folder, tqdm(total=epochs, desc=name, unit="epoch", disable=None) as bar:
        callbacks = [_live_callback(folder), _bar_callback(bar)]
        history = fit_epochs(model, *arrays[:4], seed=settings["seed"], **training, callbacks=callbacks)
        _keep_curves_only(folder)
        origin = read_json(PREPARED / PREPROCESSING, ["table"])["table"]["origin"]
        mark = {"origin": origin} if origin == "standin" else {}
        write_json(
            folder / "metrics.json",
            headline_metrics(model, arrays, head_of(settings["n_classes"])) | {"epochs": len(history.epoch)} | mark,
        )
        model.save(folder / "model.keras")
        saved = (folder / "model.keras").read_bytes()
        (folder / "model.keras").write_bytes(described_keras_file(saved, model.get_weights(), preprocessing))
        return Files(np.frombuffer(_zipped(folder), np.uint8))


def _zipped(folder: Path) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
    return memory.getvalue()


def _write(files: Files, name: str) -> None:
    """Write the curves, then the metrics and the model, each whole."""
    with zipfile.ZipFile(io.BytesIO(files.archive.tobytes())) as archive, atomic_folder(f"plots/{name}") as folder:
        archive.extractall(folder)
        metrics, model = ((folder / part).read_bytes() for part in ("metrics.json", "model.keras"))
        for part in ("metrics.json", "model.keras"):
            (folder / part).unlink()
    for path, content in ((f"metrics/{name}.json", metrics), (f"models/{name}.keras", model)):
        with atomic_file(path) as partial:
            partial.write_bytes(content)


def _live_callback(folder: Path):
    """DVCLive's Keras callback on a `Live` whose step costs less."""
    from dvclive.keras import DVCLiveCallback
    from dvclive.live import Live
    from scmrepo.exceptions import SCMError

    class QuickLive(Live):
        def next_step(self):
            """Go on without a `sync`, which reads every file again for Studio: 4 ms of each epoch's 5."""
            self.step += 1
            if self.step % EPOCHS_PER_SYNC == 0:
                self.sync()

    try:
        return DVCLiveCallback(live=QuickLive(str(folder), dvcyaml=None, save_dvc_exp=False, report=None))
    except SCMError as error:
        raise InputError(f"DVCLive needs a git repository with a commit: {error}; commit first") from None


def _bar_callback(bar: tqdm):
    from keras.callbacks import LambdaCallback

    def show(_, logs):
        bar.set_postfix(loss=logs["loss"], val_loss=logs["val_loss"], refresh=False)
        bar.update()

    return LambdaCallback(on_epoch_end=show)


def _keep_curves_only(folder: Path) -> None:
    """`folder/train/loss.tsv` instead of DVCLive's `folder/plots/metrics/train/loss.tsv`; no summary."""
    for curves in (folder / "plots" / "metrics").iterdir():
        curves.replace(folder / curves.name)
    shutil.rmtree(folder / "plots")
    (folder / "metrics.json").unlink()


if __name__ == "__main__":
    run_stage(main)
