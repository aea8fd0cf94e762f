"""Train every configuration of a grid on the same folds -> metrics/sweep.csv, metrics/sweep.json, plots/sweep.svg."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from regularization.budget import size_of, sweep_cost
from regularization.charts.differences import OF_FOLDS, draw_differences, of_validation
from regularization.errors import InputError
from regularization.heads.metrics import MAE, METRICS
from regularization.params import Params, load_params
from regularization.rounding import share_threads
from regularization.sweep.grid import complexity, count_configurations, expand_grid
from regularization.sweep.results import BEST, choose, final_cell, final_work, scores_on_test, summary, tabulate
from regularization.sweep.rounds import Predicted, plan_folds, run_rounds, work_on
from regularization.table import Rows, Table, split_rows, split_rows_by_group
from regularization.variants import in_steps, network_settings, sweep_settings
from regularization.words.phrases import interval
from stages._ends import quiet_import, run_stage
from stages._engine import open_engine, progress_bar
from stages._files import read_json, write_csv, write_json, write_text
from stages._kept import kept_results
from stages._prepared import prepared_table


def main() -> None:
    params = load_params()
    table = prepared_table()
    data = read_json("metrics/data.json", ["origin"])
    is_standin = data["origin"] == "standin"
    loss = table.head.with_equivalence({}, data)[table.head.loss.name]
    share_threads()
    rows = _split(params, table)
    training_rows = np.sort(np.concatenate([rows.train, rows.val]))
    folds = plan_folds(table, training_rows, folds=params.sweep.folds, **_shares(params))
    _check_size(params, table, folds)
    configurations = list(expand_grid(params.sweep.lists()))
    n_trainings = len(configurations) * len(folds) * params.sweep.seeds
    with open_engine(n_trainings) as engine, progress_bar("sweep", n_trainings) as on_progress:
        study = _train_grid(params, table, folds, configurations, engine, on_progress)
        chosen = choose(study, _complexities(params, table, configurations), random_state=params.seed)
        last_work, last = final_work(table, training_rows, rows.test, **_shares(params), **_training(params, table))
        cell = final_cell(_settings(params, configurations[chosen[1]], last), seed=params.seed)
        ((_, tested),) = _trainer(engine, last_work, lambda _: None)([cell])
    scored = np.concatenate([fold.test for fold in folds])
    head, unseen = table.head, last[0].test
    leading = head.leading(_minority(table))
    rates = leading[0] if head.n_classes else MAE.name
    result = tabulate(configurations, study, chosen[2], y=table.y[scored], head=head, rates=rates)
    results = summary(
        configurations,
        study,
        chosen,
        scores_on_test(tested, table, last, metrics=[head.metrics[name] for name in leading]),
        loss,
        n_test_rows=len(unseen),
        n_left_out=len(rows.test) - len(unseen),
        eliminate=params.sweep.eliminate,
        random_state=params.seed,
    )
    picture = draw_differences(
        pd.DataFrame(results["values"]), [of_validation(loss)], reference=BEST, is_standin=is_standin, scope=OF_FOLDS
    )
    write_csv("metrics/sweep.csv", result.assign(origin="standin") if is_standin else result)
    write_json("metrics/sweep.json", results | ({"origin": "standin"} if is_standin else {}))
    write_text("plots/sweep.svg", picture)
    _say(results)


def _train_grid(params: Params, table: Table, folds: list[Rows], configurations: list[dict], engine, on_progress):
    return run_rounds(
        [_settings(params, configuration, folds) for configuration in configurations],
        table,
        folds,
        _trainer(engine, work_on(table, folds, **_training(params, table)), on_progress),
        rounds=params.sweep.seeds,
        seed=params.seed,
        eliminate=params.sweep.eliminate,
    )


def _settings(params: Params, configuration: dict, splits: list[Rows]) -> dict:
    """What a configuration's networks are built and trained with on the splits."""
    steps = {"n_rows": len(splits[0].train), "epochs": params.epochs, "batch_size": params.batch_size}
    return in_steps(sweep_settings(params, configuration), **steps)


def _minority(table: Table) -> float:
    """The share of the smallest class."""
    return min(float(np.mean(table.y == label)) for label in range(table.n_classes)) if table.n_classes else 1.0


def _shares(params: Params) -> dict:
    return {"validation_split": params.split.validation_split, "random_state": params.split.random_state}


def _training(params: Params, table: Table) -> dict:
    network = network_settings(params) | {"n_features": table.n_inputs, "n_classes": table.n_classes}
    return {"network": network, "epochs": params.epochs, "batch_size": params.batch_size}


def _complexities(params: Params, table: Table, configurations: list[dict]) -> list[tuple[int, int]]:
    shared = {"n_inputs": table.n_inputs, "hidden_units": params.hidden_units}
    return [complexity(configuration, **shared) for configuration in configurations]


def _split(params: Params, table: Table) -> Rows:
    """The rows as `prepare` divides them."""
    choose_rows = split_rows_by_group if params.split.keep_duplicates_together else split_rows
    return choose_rows(
        table.groups,
        test_size=params.split.test_size,
        validation_split=params.split.validation_split,
        random_state=params.split.random_state,
    )


def _check_size(params: Params, table: Table, folds: list[Rows]) -> None:
    """Say what the sweep will cost at most, and refuse one that is larger than `sweep.most_trainings`."""
    n_configurations = count_configurations(params.sweep.lists())
    trainings = n_configurations * len(folds) * params.sweep.seeds
    cost = sweep_cost(params, size_of(table))
    size = f"{n_configurations:,} configurations, {trainings:,} trainings, on this machine {cost}"
    if trainings > params.sweep.most_trainings:
        raise InputError(
            f"sweep.grid: received {size}; expected at most {params.sweep.most_trainings:,} trainings: shorten its "
            "lists, or confirm by raising sweep.most_trainings"
        )
    print(f"sweep: {size}; early stopping makes it less", flush=True)


def _trainer(engine: Callable, work_and_scored: tuple, on_progress: Callable[[float], object]) -> Callable:
    """Return the function that trains cells on that work, or takes what is kept of them."""
    with quiet_import():
        from regularization.sweep.training import train_cells
    store = kept_results(Predicted, *work_and_scored)
    return lambda cells: train_cells(cells, *work_and_scored, train_shards=engine, store=store, on_progress=on_progress)


def _say(results: dict) -> None:
    name, test = next(iter(results["test"].items()))
    score = interval(*test.values(), digits=".1%" if METRICS[name].is_counted else "", sign="")
    print(
        f"{results['set_size']} of {results['configurations']} configurations are not distinguishable from the best; "
        f"the simplest within one standard error of it has a {METRICS[name].label} of {score}\n"
        + (f"try it: {results['try_it']}" if results["try_it"] else "it is the plain network, without any technique")
    )


if __name__ == "__main__":
    run_stage(main)
