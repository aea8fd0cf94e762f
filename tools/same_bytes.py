"""Does another processor give the same bytes? `make same-bytes` asks two that QEMU emulates.

A part of each way of training runs natively and on the emulated processors: two epochs of each headline model with
Keras, what the trained networks predict and are worth, a training in batches so large that several threads would share
them, a small population, the reference models, and NumPy's functions and linear algebra. Equal digests mean equal bits.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from regularization.variants import TECHNIQUES, techniques_together

EMULATOR = "qemu-x86_64"
PROCESSORS = {"Haswell": "Intel Haswell (2013), AVX2", "EPYC-Milan": "AMD EPYC Milan (2021), AVX2"}
INSTALL = f"{EMULATOR} is not installed; expected QEMU's user-mode emulator: apt-get install qemu-user"
LARGE = 20_000  # rows in a batch: enough for TensorFlow to share them among its threads
HEADLINE = {"base": {}, "l1l2": TECHNIQUES["l1l2"], "dropout": TECHNIQUES["dropout"]}


def main() -> None:
    asked = _arguments()
    if asked.digests:
        print(json.dumps(digests(headline_only=asked.headline_only)))
        return
    if shutil.which(EMULATOR) is None:
        sys.exit(INSTALL)
    print(f"natively on {_processor()}, and on {len(PROCESSORS)} emulated processors (about ten minutes)")
    natively, *emulated = _on_every_processor()
    different = False
    for description, received in zip(PROCESSORS.values(), emulated, strict=True):
        print(f"\n{description}:")
        for name, digest in natively.items():
            same = received[name] == digest
            different |= not same
            print(f"  {name:<28} {'the same bytes' if same else 'DIFFERENT'}")
    sys.exit(different)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.same_bytes", description=__doc__)
    parser.add_argument("--digests", action="store_true", help="print the digests of this processor alone, as JSON")
    parser.add_argument("--headline-only", action="store_true", help="of the headline models alone, which is quicker")
    return parser.parse_args()


def digests(*, headline_only: bool = False) -> dict[str, str]:
    """By name, the SHA-256 of what this process computes. TensorFlow runs on one thread where it is emulated."""
    import tensorflow as tf

    if "SAME_BYTES_THREADS" in os.environ:
        tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["SAME_BYTES_THREADS"]))
        tf.config.threading.set_inter_op_parallelism_threads(int(os.environ["SAME_BYTES_THREADS"]))
    others = {} if headline_only else _of_other_techniques() | _of_other_heads() | _of_references()
    return _of_keras() | _of_the_population() | others | _of_numpy()


def _of_keras() -> dict[str, str]:
    import numpy as np

    from regularization.heads import head_of
    from regularization.networks.evaluation import headline_metrics
    from regularization.networks.models import build_model

    arrays, digests, head = _arrays(240), {}, head_of(2)
    for name, settings in HEADLINE.items():
        model = build_model(**settings, seed=1)
        digests[f"{name} with Keras"] = _train(model, arrays, batch_size=32)
        digests[f"what {name} predicts"] = _digest([model(np.float32(arrays.X_test)).numpy()], [])
        digests[f"what {name} is worth"] = _digest([], headline_metrics(model, arrays, head))
    digests["large batches"] = _train(build_model(seed=1), _arrays(2 * LARGE), batch_size=LARGE)
    return digests


def _train(model, arrays, *, batch_size: int) -> str:
    """The digest of two epochs. QEMU breaks down over the threads of Keras' `fit`; these are the same steps."""
    import tensorflow as tf

    from regularization.networks.fit import epoch_trainer
    from regularization.networks.row_order import batch_order

    epoch = tf.function(epoch_trainer(model, *arrays[:4], batch_size=batch_size).train_step)
    orders = batch_order(1, 2, len(arrays.X_train))
    logs = [{key: float(value) for key, value in epoch(order).items()} for order in orders]
    return _digest(model.get_weights(), logs)


def _of_the_population() -> dict[str, str]:
    from regularization.networks.models import build_model
    from regularization.population import Dataset, train_population

    small = {"hidden_units": (6, 4)}
    models = [build_model(**settings, **small, seed=seed) for settings in HEADLINE.values() for seed in range(3)]
    data = Dataset(*_arrays(240)[:4])
    history = train_population(models, data, seeds=range(len(models)), epochs=3, batch_size=8)
    weights = [weight for model in models for weight in model.get_weights()]
    return {"a small population": _digest([*weights, history.loss, history.val_loss], [])}


def _of_other_techniques() -> dict[str, str]:
    from regularization.networks.models import build_model
    from regularization.population import Dataset, train_population

    model = build_model(**techniques_together(), hidden_units=(6,), seed=0)
    train_population([model], Dataset(*_arrays(240)[:4]), seeds=[0], epochs=3, batch_size=8)
    return {"the other techniques": _digest(model.get_weights(), [])}


def _of_other_heads() -> dict[str, str]:
    from regularization.heads import head_of
    from regularization.networks.evaluation import headline_metrics
    from regularization.networks.models import build_model
    from regularization.population import Dataset, train_population

    digests = {}
    for n_classes, what in ((3, "three classes"), (0, "a number")):
        arrays, models = _arrays(240, n_classes), [build_model(n_classes=n_classes, seed=seed) for seed in range(2)]
        digests[f"{what} with Keras"] = _train(models[0], arrays, batch_size=32)
        digests[f"what a network of {what} is worth"] = _digest(
            [], headline_metrics(models[0], arrays, head_of(n_classes))
        )
        train_population(models[1:], Dataset(*arrays[:4]), seeds=[1], epochs=3, batch_size=8)
        digests[f"a small population of {what}"] = _digest(models[1].get_weights(), [])
    return digests


def _of_references() -> dict[str, str]:
    from regularization.heads import head_of
    from regularization.replicates.references import models_of

    digests = {}
    for n_classes, what in ((2, ""), (3, " of three classes"), (0, " of a number")):
        arrays = _arrays(240, n_classes)
        for name, model in models_of(head_of(n_classes)).items():
            seen = {"X_val": arrays.X_val, "y_val": arrays.y_val} if model.is_validated else {}
            fitted = model.make(1, len(arrays.y_train)).fit(arrays.X_train, arrays.y_train, **seen)
            predicted = (fitted.predict_proba if n_classes else fitted.predict)(arrays.X_test)
            digests[f"what {name} predicts{what}"] = _digest([predicted], [])
    return digests


def _of_numpy() -> dict[str, str]:
    import numpy as np

    x = np.random.default_rng(0).uniform(0.1, 2, size=(300, 300))
    functions = [function(x) for function in (np.log, np.exp, np.log1p, np.expm1, np.sin, np.tanh, np.cbrt)]
    functions += [function(np.float32(x)) for function in (np.log, np.exp, np.tanh)] + [x**1.7, x.sum(0), x.sum(1)]
    algebra = [x @ x.T, x @ x[0], np.linalg.inv(x), np.linalg.cholesky(x @ x.T + np.eye(300)), np.linalg.norm(x)]
    return {"functions of NumPy": _digest(functions, []), "linear algebra": _digest(algebra, [])}


def _arrays(n_train: int, n_classes: int = 2):
    """The parts of a made-up table: `n_train` rows to train on, and a third of as many to validate and to test on."""
    import numpy as np

    from regularization.table import Arrays

    random = np.random.default_rng(0)
    X = random.normal(size=(n_train + 2 * (n_train // 3), 11))
    y = X[:, 0] + X[:, 1] * X[:, 2] + random.normal(size=len(X))
    y = np.digitize(y, [0, 1][: n_classes - 1]) if n_classes else y
    ends = [n_train, n_train + n_train // 3]
    return Arrays(*(part for pair in zip(np.split(X, ends), np.split(y, ends), strict=True) for part in pair))


def _digest(arrays: list, values: object) -> str:
    content = b"".join(array.tobytes() for array in arrays) + json.dumps(values).encode()
    return hashlib.sha256(content).hexdigest()


def run_digests(*prefix: str, headline_only: bool = False, **environment: str) -> dict[str, str]:
    """`digests` in a process of its own, with `prefix` before its command and `environment` on top of this one's."""
    command = [*prefix, sys.executable, "-m", "tools.same_bytes", "--digests"]
    command += ["--headline-only"] if headline_only else []
    root = Path(__file__).parents[1]
    ended = subprocess.run(command, cwd=root, env=os.environ | environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def _on_every_processor() -> list[dict[str, str]]:
    prefixes = [(), *((EMULATOR, "-cpu", name) for name in PROCESSORS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda prefix: run_digests(*prefix, SAME_BYTES_THREADS="1"), prefixes))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "this processor")


if __name__ == "__main__":
    main()
