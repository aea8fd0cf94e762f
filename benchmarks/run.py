"""`make benchmark`: seconds a model of 500 epochs, by plain `fit`, by the train stages' `fit` and by the population.

Prints a table, writes benchmarks/results.json and benchmarks/results.html. A few minutes. The rows are synthetic, of
the wine table's shape: 1,023 to train on, 256 to validate on, 320 to test on, 11 features.
"""

import functools
import json
import os
import platform
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

import benchmarks.threads  # noqa: F401
from benchmarks.keras_reference import BUILDERS, reference_data
from benchmarks.replicates import measure_replicates
from benchmarks.timing import seconds
from regularization.networks.fit import fit_epochs
from regularization.networks.models import build_base_model, build_model, initial_weights
from regularization.population import BLOCK, Dataset, read_network, train_networks, train_population
from regularization.variants import TECHNIQUES

HERE = Path(__file__).parent
EPOCHS = 500
FIT_EPOCHS = 40  # of plain `fit`, whose time grows with the epochs and nothing else
TEST_ROWS = 320
SIZES = (1, 4, 16, 64, 256, 1024)
WORKERS = (1, 2)
# What is timed against its own plain `fit`: the headline models, and each other technique alone.
KINDS = BUILDERS | {
    name: functools.partial(build_model, **settings) for name, settings in TECHNIQUES.items() if name not in BUILDERS
}


def rounded(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in values.items())


def measure_fit(data: Dataset, build: Callable) -> float:
    """As the notebook calls it: the last fifth of 1,279 rows for validation."""
    X, y = np.concatenate([data.X_train, data.X_val]), np.concatenate([data.y_train, data.y_val])
    model = build(seed=0)
    fit = {"validation_split": 0.2, "verbose": 0}
    model.fit(X, y, epochs=2, **fit)  # compiles
    return seconds(lambda: model.fit(X, y, epochs=FIT_EPOCHS, **fit)) / FIT_EPOCHS * EPOCHS


def measure_train_step(data: Dataset) -> float:
    """The time of so many epochs more, which leaves out the compiling."""

    def fit(epochs: int) -> float:
        return seconds(lambda: fit_epochs(build_base_model(seed=0), *data, epochs=epochs, batch_size=32, seed=0))

    fit(1)  # compiles what all fits share
    short, long = fit(2), fit(102)
    return (long - short) / 100 * EPOCHS


def measure_compiling(data: Dataset, build: Callable) -> float:
    """How much longer a first call takes than a second; what follows is without it."""
    first, second = (
        seconds(lambda: train_population([build(seed=0)], data, seeds=[0], epochs=BLOCK)) for _ in ("first", "second")
    )
    return first - second


def measure_population(data: Dataset, *, size: int, workers: int, name: str = "base") -> dict:
    """From built Keras models to trained ones."""
    models = []
    build_seconds = seconds(lambda: models.extend(KINDS[name](seed=seed) for seed in range(size)))
    train_seconds = seconds(lambda: train_population(models, data, seeds=range(size), epochs=EPOCHS, workers=workers))
    row = {
        "model": name,
        "models": size,
        "workers": workers,
        "seconds": train_seconds,
        "seconds_per_model": train_seconds / size,
        "seconds_to_build": build_seconds,
    }
    print(
        f"{row['model']:>19} {size:7} {workers:8} {train_seconds:9.2f} {row['seconds_per_model']:10.4f} "
        f"{build_seconds:10.1f}",
        flush=True,
    )
    return row


def measure_heads(data: Dataset) -> dict[str, float]:
    """The speed of networks with other heads, as a multiple of that of binary ones: 256 of each, by turns."""
    score = data.X_train[:, 0] + data.X_train[:, 1] * data.X_train[:, 2]
    of_val = data.X_val[:, 0] + data.X_val[:, 1] * data.X_val[:, 2]
    limits = np.quantile(score, [1 / 3, 2 / 3])
    labels = {
        "binary": (2, data.y_train, data.y_val),
        "three classes": (3, np.digitize(score, limits), np.digitize(of_val, limits)),
        "a number": (0, score / score.std(), of_val / score.std()),
    }

    def train(name: str, size: int) -> float:
        n_classes, y_train, y_val = labels[name]
        labelled = data._replace(y_train=y_train, y_val=y_val)
        models = [build_model(n_classes=n_classes, seed=seed) for seed in range(size)]
        return seconds(
            lambda: train_population(models, labelled, seeds=range(size), epochs=EPOCHS, workers=WORKERS[-1])
        )

    taken: dict[str, list[float]] = {name: [] for name in labels}
    for name in labels:
        train(name, 1)  # compiles
    for _ in range(2):
        for name, times in taken.items():
            times.append(train(name, 256))
    return {name: min(taken["binary"]) / min(times) for name, times in taken.items()}


def measure_from_scratch(data: Dataset, size: int) -> float:
    """Seconds from nothing to so many trained networks, compiling included: for a process that has compiled nothing.

    As the replicates do it: one Keras model is built and read, and the others' initial weights are drawn without one.
    """

    def train() -> None:
        template = read_network(build_base_model(seed=0))
        units = template.architecture.units
        networks = [template._replace(name=str(seed), weights=initial_weights(seed, units)) for seed in range(size)]
        train_networks(networks, [data] * size, seeds=range(size), epochs=EPOCHS, batch_size=32)

    return seconds(train)


def measure_memory(data: Dataset) -> float:
    """Peak memory of a process that does nothing but build, compile and train 1,000 models."""
    models = [build_base_model(seed=seed) for seed in range(1000)]
    train_population(models, data, seeds=range(1000), epochs=50, workers=WORKERS[-1])
    return peak_memory_gb()


def in_another_process(action: Callable, *arguments):
    """What `action` returns in a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(action, *arguments).result()


def peak_memory_gb() -> float:
    """Of this process so far, with Keras, TensorFlow and the compiler in it."""
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def machine() -> dict:
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def plot(scaling: list[dict], seconds_per_model: dict[str, float]) -> go.Figure:
    figure = go.Figure()
    for workers in WORKERS:
        rows = [row for row in scaling if row["workers"] == workers and row["model"] == "base"]
        sizes, values = zip(*((row["models"], row["seconds_per_model"]) for row in rows), strict=True)
        figure.add_scatter(x=sizes, y=values, mode="lines+markers", name=f"population, {workers} worker(s)")
    for name, label in (("fit", "plain fit"), ("train_step", "fit of the train stages")):
        figure.add_scatter(x=SIZES, y=[seconds_per_model[name]] * len(SIZES), mode="lines", name=label)
    figure.update_xaxes(type="log", title="models trained together", tickvals=SIZES)
    figure.update_yaxes(type="log", title=f"seconds a model of {EPOCHS} epochs")
    return figure.update_layout(title="What training one model costs", template="plotly_white")


def measure() -> dict:
    about, (data, X_test, y_test) = machine(), reference_data()
    # First, since a process counts the peak of the one that started it as its own.
    memory = in_another_process(measure_memory, data)
    from_scratch = in_another_process(measure_from_scratch, data, SIZES[-1]) / SIZES[-1]
    fits = {name: measure_fit(data, build) for name, build in KINDS.items()}
    per_model = {"fit": fits["base"], "train_step": measure_train_step(data)}
    print(f"plain fit, s a model of {EPOCHS} epochs, from {FIT_EPOCHS} measured: {rounded(fits)}")
    print(f"fit of the train stages: {per_model['train_step']:.2f} s, from 100 measured\n")
    compiling = {name: measure_compiling(data, build) for name, build in KINDS.items()}
    print(f"compiling, s: {rounded(compiling)}")
    print("              model  models  workers   seconds  s a model   to build", flush=True)
    scaling = [measure_population(data, size=size, workers=workers) for size in SIZES for workers in WORKERS]
    scaling += [measure_population(data, size=256, workers=WORKERS[-1], name=name) for name in KINDS if name != "base"]
    heads = measure_heads(data)
    replicates = measure_replicates(
        np.concatenate([data.X_train, data.X_val, X_test[:TEST_ROWS]]),
        np.concatenate([data.y_train, data.y_val, y_test[:TEST_ROWS]]),
        per_model["fit"],
    )
    largest = max((row for row in scaling if row["model"] == "base"), key=lambda row: (row["models"], row["workers"]))
    per_model["population"] = largest["seconds_per_model"]
    with_keras = (largest["seconds"] + largest["seconds_to_build"] + compiling["base"]) / largest["models"]
    return {
        "epochs": EPOCHS,
        "seconds_per_model": per_model,
        "ratio_to_fit": {name: per_model["fit"] / value for name, value in per_model.items()},
        "population_with_compiling": {
            "seconds_per_model": from_scratch,
            "ratio_to_fit": per_model["fit"] / from_scratch,
        },
        "population_with_building_keras_models_and_compiling": {
            "seconds_per_model": with_keras,
            "ratio_to_fit": per_model["fit"] / with_keras,
        },
        "ratio_to_its_own_fit": {
            row["model"]: fits[row["model"]] / row["seconds_per_model"]
            for row in scaling
            if (row["models"], row["workers"]) == (256, WORKERS[-1])
        },
        "replicates": replicates,
        "speed_of_heads": heads,
        "seconds_to_compile": compiling,
        "peak_memory_gb": memory,
        "scaling": scaling,
        "machine": about,
    }


def main() -> None:
    results = measure()
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    plot(results["scaling"], results["seconds_per_model"]).write_html(HERE / "results.html")
    print("\n               s a model   times plain fit")
    for name, value in results["seconds_per_model"].items():
        print(f"{name:>12} {value:11.4f} {results['ratio_to_fit'][name]:17.1f}")
    for name, ratio in results["ratio_to_its_own_fit"].items():
        print(f"256 of {name} together: {ratio:.0f} times its own plain fit")
    for name, ratio in results["speed_of_heads"].items():
        print(f"256 networks of {name}: {ratio:.2f} times the speed of binary ones")
    headline, whole = results["replicates"]["headline"], results["replicates"]["all"]
    print(
        f"the headline models' replicates, {headline['trainings']:,} trainings: {headline['seconds']:.0f} s, "
        f"{headline['ratio_to_as_many_fits']:.2f} of three plain fits\n"
        f"those of all variants, {whole['trainings']:,} trainings, worked out from some: "
        f"{whole['seconds_worked_out']:.0f} s, {whole['ratio_to_eleven_fits']:.2f} of the notebook's eleven fits"
    )
    for name, what in (
        ("population_with_compiling", "from nothing, compiling included"),
        ("population_with_building_keras_models_and_compiling", "the same from as many Keras models"),
    ):
        timing = results[name]
        print(f"{SIZES[-1]} {what}: {timing['seconds_per_model']:.4f} s a model, {timing['ratio_to_fit']:.0f} times")
    print(f"peak memory of 1,000 models: {results['peak_memory_gb']:.2f} GB")
    print(f"written: {HERE.name}/results.json, {HERE.name}/results.html")


if __name__ == "__main__":
    main()
