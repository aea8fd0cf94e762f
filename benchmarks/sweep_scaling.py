"""How the sweep grows: trainings a second by threads and by processes, with one worker and two, and its cost by size.

`python -m benchmarks.sweep_scaling` prints a table and writes benchmarks/results.sweep.json. The rows are synthetic, of
the wine table's shape: five folds of 818 rows to train on, 205 to stop by and 256 to score. For the cost by size,
trainings are short (`--epochs`), which makes whatever else they cost stand out; one worker and two are compared at the
full 500 epochs. Compiling comes before each measurement.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import benchmarks.threads  # noqa: F401
from benchmarks.keras_reference import BUILDERS, reference_data
from benchmarks.run import EPOCHS, machine, measure_fit
from regularization.jobs.engines import local_processes, train_on
from regularization.jobs.training import train_shard
from regularization.jobs.work import Work
from regularization.params import load_params
from regularization.sweep.grid import expand_grid
from regularization.sweep.rounds import Cell, seeds_of_round
from regularization.sweep.training import plan_shards
from regularization.variants import sweep_settings

HERE = Path(__file__).parent
FOLDS, ROWS = 5, (818, 205, 256)
SIZES = (100, 1000, 10_000)
COMPARED = 320  # trainings, by one worker and by two: two shards


def work(epochs: int) -> Work:
    random = np.random.default_rng(0)
    splits = []
    for _ in range(FOLDS):
        arrays = []
        for n in ROWS:
            X = random.standard_normal((n, 11)).astype(np.float32)
            arrays += [X, (X[:, 0] + random.standard_normal(n) > 0).astype(np.float32)]
        splits.append(tuple(arrays[:4]))
    network = {"n_features": 11, "hidden_units": (20, 20), "learning_rate": 0.001}
    return Work(network, epochs, 32, tuple(splits))


def shards(trainings: int, *, first: int = 1) -> list:
    """Configurations that differ in l1: nobody has trained the same before."""
    configurations = [{"l1": (first + number) * 1e-6} for number in range(trainings // FOLDS)]
    return [shard for _, shard in plan_shards([Cell(settings, tuple(range(FOLDS))) for settings in configurations])]


def by_threads(epochs: int, trainings: int, workers: int) -> dict:
    its_work = work(epochs)
    train_shard(its_work, shards(80)[0], workers=workers)
    start, cpu = time.perf_counter(), time.process_time()
    for shard in shards(trainings):
        train_shard(its_work, shard, workers=workers)
    return row("threads", workers, trainings, time.perf_counter() - start, time.process_time() - cpu)


def by_processes(epochs: int, trainings: int, workers: int) -> dict:
    its_work, start = work(epochs), time.perf_counter()
    with local_processes(workers) as client:
        for number in range(workers):  # each process compiles for itself
            drain(train_on(client, its_work, shards(80 * workers, first=10**6 * (number + 1)), on_progress=nothing))
        warm, cpu = time.perf_counter(), sum(client.run(time.process_time).values())
        drain(train_on(client, its_work, shards(trainings), on_progress=nothing))
        used = sum(client.run(time.process_time).values()) - cpu
        timing = row("processes", workers, trainings, time.perf_counter() - warm, used)
        memory = max(client.run(_peak_memory).values())
    return timing | {"seconds_to_start": warm - start, "worker_peak_gb": memory}


def committed_sweep() -> dict:
    """The grid of params.yaml, by this process' threads, beside three plain fits of as many epochs."""
    params = load_params(HERE.parent / "params.yaml")
    data = reference_data()[0]
    fits = [measure_fit(data, build) / EPOCHS * params.epochs for build in BUILDERS.values()]
    its_work = work(params.epochs)
    configurations = [sweep_settings(params, settings) for settings in expand_grid(params.sweep.lists())]
    start, cpu, trainings = time.perf_counter(), time.process_time(), 0
    for number in range(params.sweep.seeds):
        seeds = seeds_of_round(number, folds=FOLDS, seed=params.seed)
        for _, shard in plan_shards([Cell(settings, seeds) for settings in configurations]):
            train_shard(its_work, shard)
            trainings += shard.n_trainings
    timing = row("threads", os.cpu_count() or 1, trainings, time.perf_counter() - start, time.process_time() - cpu)
    return timing | {"three_plain_fits": sum(fits), "ratio_to_three_fits": timing["seconds"] / sum(fits)}


def tasks_per_second(tasks: int = 2000) -> float:
    """What the scheduler hands out and takes back where a task does nothing."""
    with local_processes(1) as client:
        client.gather(client.map(_nothing_much, range(100), pure=False))
        start = time.perf_counter()
        client.gather(client.map(_nothing_much, range(tasks), pure=False))
        return tasks / (time.perf_counter() - start)


def _nothing_much(number: int) -> int:
    return number


def row(engine: str, workers: int, trainings: int, seconds: float, cpu_seconds: float) -> dict:
    return {
        "engine": engine,
        "workers": workers,
        "trainings": trainings,
        "seconds": seconds,
        "trainings_per_second": trainings / seconds,
        "cpu_milliseconds_per_training": 1000 * cpu_seconds / trainings,
        "peak_gb": _peak_memory(),
    }


def nothing(_: float) -> None:
    pass


def drain(results: Iterator) -> None:
    for _ in results:
        pass


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def report(measure: Callable[[int, int, int], dict], epochs: int, trainings: int, workers: int) -> dict:
    timing = measure(epochs, trainings, workers) | {"epochs": epochs}
    started = f"  {timing['seconds_to_start']:.0f} s to start" if "seconds_to_start" in timing else ""
    print(
        f"{timing['engine']:>9} {workers:8} {trainings:10} {epochs:7} {timing['seconds']:9.1f} "
        f"{timing['trainings_per_second']:12.1f} {timing['cpu_milliseconds_per_training']:13.2f} "
        f"{timing['peak_gb']:8.2f}{started}",
        flush=True,
    )
    return timing


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep_scaling", description=__doc__)
    parser.add_argument("--epochs", type=int, default=25, help="of each training (default: 25)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="trainings (default: 100 1000 10000)")
    options = parser.parse_args()
    print("   engine  workers  trainings  epochs   seconds trainings/s CPU ms/training peak GB")
    rows = [report(by_threads, options.epochs, size, os.cpu_count() or 1) for size in options.sizes]
    rows += [report(measure, EPOCHS, COMPARED, n) for measure in (by_threads, by_processes) for n in (1, 2)]
    rate = tasks_per_second()
    print(f"tasks a second at the scheduler: {rate:.0f}")
    whole = committed_sweep()
    print(
        f"the committed sweep: {whole['trainings']} trainings in {whole['seconds']:.0f} s, "
        f"{whole['ratio_to_three_fits']:.2f} of what three plain fits take"
    )
    content = {"rows": rows, "committed": whole, "tasks_per_second": rate, "machine": machine()}
    (HERE / "results.sweep.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for engine in ("threads", "processes"):
        one, two = (
            [timing for timing in rows if (timing["engine"], timing["workers"]) == (engine, n)][-1] for n in (1, 2)
        )
        ratio = two["trainings_per_second"] / one["trainings_per_second"]
        print(f"{engine}: two workers do {ratio:.2f} times what one does")


if __name__ == "__main__":
    main()
