"""Train one of the three models with Keras, logged by DVCLive -> models/, metrics/, plots/."""

import argparse
import shutil
from pathlib import Path

from tqdm import tqdm

from regularization.errors import InputError
from regularization.keras_file import PREPROCESSING, normalized_keras_file, with_member
from regularization.params import load_params
from regularization.table import Arrays
from regularization.variants import HEADLINE_MODELS, headline_settings, network_settings, training_settings
from stages._common import quiet_import, run_stage
from stages._files import atomic_file, atomic_folder, read_arrays, read_json, write_json

PREPARED = Path("data/prepared")
EPOCHS_PER_SYNC = 50


def main() -> None:
    name, params = _name(), load_params()
    arrays = Arrays(**read_arrays(PREPARED / "arrays.npz", Arrays._fields))
    origin = read_json(PREPARED / PREPROCESSING, ["table"])["table"]["origin"]
    with quiet_import():
        import tensorflow as tf

        from regularization.evaluation import headline_metrics
        from regularization.models import build_model
        from regularization.training import fit_epochs
    tf.config.experimental.enable_op_determinism()

    shared = network_settings(params) | {"n_features": arrays.X_train.shape[1], "seed": params.seed}
    model = build_model(**headline_settings(params, name), **shared)
    with (
        atomic_folder(f"plots/{name}") as folder,
        tqdm(total=params.epochs, desc=name, unit="epoch", disable=None) as bar,
    ):
        callbacks = [_live_callback(folder), _bar_callback(bar)]
        history = fit_epochs(
            model,
            *arrays[:4],
            epochs=params.epochs,
            batch_size=params.batch_size,
            seed=params.seed,
            **training_settings(params),
            callbacks=callbacks,
        )
        _keep_curves_only(folder)
        mark = {"origin": origin} if origin == "standin" else {}
        write_json(f"metrics/{name}.json", headline_metrics(model, arrays) | {"epochs": len(history.epoch)} | mark)
        _save(model, Path(f"models/{name}.keras"))


def _name() -> str:
    parser = argparse.ArgumentParser(prog="python -m stages.train", description=__doc__)
    parser.add_argument("model", choices=HEADLINE_MODELS)
    return parser.parse_args().model


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


def _save(model, path: Path) -> None:
    with atomic_file(path) as partial:
        model.save(partial)
        preprocessing = (PREPARED / PREPROCESSING).read_bytes()  # a model alone could take no new row
        partial.write_bytes(with_member(normalized_keras_file(partial.read_bytes()), PREPROCESSING, preprocessing))


if __name__ == "__main__":
    run_stage(main)
