"""The sweep without a network: folds, shards, rounds, elimination and tables, with scores made up per configuration."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from regularization.errors import InputError
from regularization.heads import head_of
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.params import check_params
from regularization.sweep.grid import command_to_try, complexity, count_configurations, expand_grid
from regularization.sweep.results import BEST, best_of_values, choose, final_work, scores_on_test, summary, tabulate
from regularization.sweep.rounds import Cell, Predicted, plan_folds, run_rounds, seeds_of_round
from regularization.table import Rows, Table

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(160, 4))
X[140:] = X[:20]
Y = (X[:, 0] + RANDOM.normal(size=160) > 0).astype(int)
Y[140:] = Y[:20]
TABLE = Table(X, Y, np.arange(160) % 140)
ROWS = np.arange(10, 160)
FOLDS = plan_folds(TABLE, ROWS, folds=5, validation_split=0.2, random_state=3)
GRID = {"l1": [None, 0.1], "dropout": [None, 0.2, 0.5]}
CONFIGURATIONS = list(expand_grid(GRID))
N_SCORED = len(ROWS)
LABELS = Y[np.concatenate([fold.test for fold in FOLDS])]
LEADING = [METRICS["accuracy"], METRICS["binary_crossentropy"]]


def predicted(cell: Cell, level) -> Predicted:
    """Logits whose losses are around `level(settings)`, the same for the same settings and seeds in whatever order."""
    noise = np.random.default_rng([cell.seeds[0], int(1000 * sum(value or 0 for value in cell.settings.values()))])
    losses = level(cell.settings) + 0.05 * noise.standard_normal(N_SCORED)
    logits = (1 - 2 * LABELS) * np.log(np.expm1(losses))
    return Predicted(logits.astype(np.float32), np.zeros(len(cell.seeds), bool))


def level(settings) -> float:
    return 0.5 + (settings["l1"] or 0) + (settings["dropout"] or 0)


def in_order(cells):
    for number, cell in enumerate(cells):
        yield number, predicted(cell, level)


def backwards(cells):
    yield from reversed(list(in_order(cells)))


def run(train=in_order, **options):
    return run_rounds(CONFIGURATIONS, TABLE, FOLDS, train, **{"rounds": 3, "seed": 7} | options)


def test_every_row_is_scored_once_by_networks_that_saw_no_twin_of_it():
    assert sorted(np.concatenate([fold.test for fold in FOLDS])) == ROWS.tolist()
    for fold in FOLDS:
        assert sorted(np.concatenate(fold)) == ROWS.tolist()
        groups = [set(TABLE.groups[part]) for part in fold]
        assert sum(map(len, groups)) == len(set.union(*groups))


@pytest.mark.parametrize(("rows", "kind"), [(ROWS, StratifiedGroupKFold), (ROWS[:130], StratifiedKFold)])
def test_the_folds_are_scikit_learns(rows, kind):
    """The quick ones where no row repeats another."""
    splitter, groups = kind(5, shuffle=True, random_state=3), TABLE.groups[rows] if rows is ROWS else None
    expected = [rows[test].tolist() for _, test in splitter.split(X[rows], Y[rows], groups)]
    folds = plan_folds(TABLE, rows, folds=5, validation_split=0.2, random_state=3)
    assert [fold.test.tolist() for fold in folds] == expected


def test_more_folds_than_distinct_rows_of_a_class():
    labels = np.zeros(160, int)
    labels[10:13] = 1
    with pytest.raises(InputError, match="sweep.folds: received 5, where a class has 3 distinct training rows"):
        plan_folds(TABLE._replace(y=labels), ROWS, folds=5, validation_split=0.2, random_state=3)


def test_no_seed_is_used_twice():
    seeds = [seed for number in range(4) for seed in seeds_of_round(number, folds=5, seed=42)]
    assert len(set(seeds)) == 20
    assert 42 not in seeds


def test_the_order_of_completion_changes_nothing():
    ours, theirs = run(), run(backwards)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert ours.trainings.tolist() == [15] * 6


def test_elimination_drops_whole_configurations_after_whole_rounds():
    study = run(eliminate=0.05)
    assert study.eliminated_after[0] == 0
    assert set(study.eliminated_after[1:]) == {1}
    assert study.trainings.tolist() == [15, 5, 5, 5, 5, 5]
    assert study.compared.tolist() == [0]
    np.testing.assert_array_equal(run(backwards, eliminate=0.05).loss, study.loss)


def test_a_configuration_that_diverged_has_no_figures_and_is_not_compared():
    def one_diverges(cells):
        for number, its in in_order(cells):
            its.diverged[1] = cells[number].settings["dropout"] == 0.5
            yield number, its

    study = run(one_diverges)
    assert study.compared.tolist() == [0, 1, 3, 4]
    table = tabulate(CONFIGURATIONS, study, study.compared, y=LABELS, head=TABLE.head, rates="accuracy")
    assert table.loc[[2, 5], ["val_accuracy", "val_accuracy_sd", "val_binary_crossentropy"]].isna().all(axis=None)
    assert table.loc[[0, 1, 3, 4]].drop(columns=["l1", "dropout", "eliminated_after"]).notna().all(axis=None)


def test_all_diverged():
    def all_diverge(cells):
        for number, its in in_order(cells):
            its.diverged[:] = True
            yield number, its

    with pytest.raises(InputError, match="every configuration of the sweep diverged"):
        choose(run(all_diverge), [0] * 6)


def test_the_table_holds_the_mean_over_rows_and_the_spread_over_trainings():
    study = run()
    table = tabulate(CONFIGURATIONS, study, np.array([0, 1]), y=LABELS, head=TABLE.head, rates="accuracy")
    assert list(table.columns) == [
        "configuration", "l1", "dropout", "trainings", "val_binary_crossentropy", "val_binary_crossentropy_sd",
        "val_accuracy", "val_accuracy_sd", "cannot_be_told_from_best", "eliminated_after",
    ]  # fmt: skip
    long = pd.DataFrame({"loss": study.loss[:, 4].astype(float).ravel(), "fold": np.tile(study.fold_of_row, 3)})
    cells = long.assign(round=np.repeat(range(3), N_SCORED)).groupby(["round", "fold"])["loss"].mean()
    assert table.loc[4, "val_binary_crossentropy"] == pytest.approx(long["loss"].mean())
    assert table.loc[4, "val_binary_crossentropy_sd"] == pytest.approx(cells.std())
    assert table["cannot_be_told_from_best"].tolist() == [True, True, False, False, False, False]
    assert table["eliminated_after"].isna().all()


def test_a_row_of_an_eliminated_configuration_is_of_the_rounds_it_was_in():
    study = run(eliminate=0.05)
    table = tabulate(CONFIGURATIONS, study, study.compared, y=LABELS, head=TABLE.head, rates="accuracy")
    assert table["eliminated_after"].to_list() == [pd.NA, 1, 1, 1, 1, 1]
    assert table.loc[5, "val_binary_crossentropy"] == pytest.approx(study.loss[0, 5].astype(float).mean())


def test_the_choice_prefers_the_simpler_of_equals():
    def equal(cells):
        for number, cell in enumerate(cells):
            yield number, predicted(cell, lambda _: 0.5)

    study = run(equal)
    simple = [complexity(each, n_inputs=4, hidden_units=[5]) for each in CONFIGURATIONS]
    best, plain, not_told = choose(study, simple)
    assert best in not_told
    assert plain == 0  # it uses no technique
    assert len(not_told) > 1


def test_the_test_leaves_out_rows_that_are_identical_to_a_training_row():
    training = {"network": {}, "epochs": 1, "batch_size": 8, "validation_split": 0.2, "random_state": 0}
    (work, scored), splits = final_work(TABLE, np.arange(20, 140), np.r_[0:20, 140:160, 20:22], **training)
    assert {tuple(split.test) for split in splits} == {(*range(20), *range(140, 160))}
    assert {len(X) for X in scored} == {40}
    assert {len(split[0]) + len(split[2]) for split in work.splits} == {120}
    with pytest.raises(InputError, match="every test row is identical to a training row"):
        final_work(TABLE, np.arange(20), np.arange(140, 160), **training)


def on_labels(y: np.ndarray, networks: int, n_classes: int = 2) -> tuple[Table, list[Rows]]:
    """A table of these labels, all of which each network is tested on."""
    rows = np.arange(len(y))
    return Table(np.zeros((len(y), 1)), y, rows, n_classes=n_classes), [Rows(rows, rows, rows)] * networks


def test_numbers_and_several_classes_are_tested_in_their_own_scores():
    """A number comes standardized by the training rows of its split."""
    random = np.random.default_rng(0)
    y = 100 + 10 * random.normal(size=200)
    table, splits = on_labels(y, 2, n_classes=0)
    outputs = np.tile((y - y.mean()) / y.std(), 2) + 0.1 * np.repeat([1, -1], 200)
    found = scores_on_test(
        Predicted(outputs, np.zeros(2, bool)), table, splits, metrics=list(table.head.metrics.values())
    )
    assert found["rmse"].value == pytest.approx(0.1 * y.std())
    assert found["mae"].value == pytest.approx(0.1 * y.std())
    assert found["r2"].value == pytest.approx(0.99)
    labels = np.arange(60) % 3
    table, splits = on_labels(labels, 2, n_classes=3)
    logits = np.tile(np.eye(3)[np.where(np.arange(60) < 30, labels, 0)], (2, 1))
    found = scores_on_test(
        Predicted(logits, np.zeros(2, bool)), table, splits, metrics=list(table.head.metrics.values())
    )
    assert found["accuracy"].value == found["balanced_accuracy"].value == pytest.approx(2 / 3)
    assert found["macro_f1"].lower < found["macro_f1"].value < found["macro_f1"].upper


def test_folds_of_numbers_and_of_a_class_with_few_rows():
    numbers = TABLE._replace(y=X[:, 0], n_classes=0)
    folds = plan_folds(numbers, ROWS, folds=5, validation_split=0.2, random_state=3)
    assert sorted(np.concatenate([fold.test for fold in folds])) == ROWS.tolist()
    labels = np.where(np.arange(160) < 13, 2, Y)  # three rows of class 2 are trained on
    folds = plan_folds(TABLE._replace(y=labels, n_classes=3), ROWS, folds=5, validation_split=0.2, random_state=3)
    assert sorted(np.concatenate([fold.test for fold in folds])) == ROWS.tolist()


def test_no_class_with_as_many_rows_as_folds():
    labels = np.arange(160) % 50
    with pytest.raises(InputError, match="received 5, where no class has more than 3 distinct training rows"):
        few = TABLE._replace(y=labels, n_classes=50)
        plan_folds(few, ROWS, folds=5, validation_split=0.2, random_state=3)


def test_the_table_of_numbers_holds_the_rmse():
    study = run()
    numbers = tabulate(CONFIGURATIONS, study, np.array([0]), y=np.zeros(N_SCORED), head=head_of(0), rates="mae")
    assert numbers["val_rmse"].to_numpy() == pytest.approx(np.sqrt(study.loss.astype(float).mean(axis=(0, 2))))
    assert numbers["val_mae"].to_numpy() == pytest.approx(study.rated.mean(axis=(0, 2)))


def test_the_tests_interval_counts_rows_and_networks():
    logits = np.tile(np.array([1.0, 1.0, 1.0, -1.0]), 25)
    same = Predicted(np.tile(logits, 3), np.zeros(3, bool))
    tested = on_labels(np.ones(100, int), 3)
    found = scores_on_test(same, *tested, metrics=LEADING)
    assert found["accuracy"].value == 0.75
    assert found["binary_crossentropy"].value == pytest.approx(0.75 * np.log1p(np.exp(-1)) + 0.25 * np.log1p(np.exp(1)))
    other = same._replace(outputs=np.concatenate([logits, logits, -logits]))
    assert np.ptp(scores_on_test(other, *tested, metrics=LEADING)["accuracy"][1:]) > np.ptp(found["accuracy"][1:])
    one_failed = other._replace(diverged=np.array([False, False, True]))
    assert scores_on_test(one_failed, *tested, metrics=LEADING)["accuracy"].value == 0.75


@pytest.mark.training
def test_on_a_rare_class_the_test_is_scored_by_what_leads_there():
    """Over many tables of 5% positives, the interval holds what the network has on all rows, and never is a point."""
    random, covered = np.random.default_rng(0), []
    names = ("balanced_accuracy", "roc_auc")
    y = (np.arange(20_000) % 20 == 0).astype(float)
    logits = random.normal(size=20_000) + 1.5 * y - 1.0
    true = {"balanced_accuracy": balanced_accuracy_score(y, logits > 0), "roc_auc": roc_auc_score(y, logits)}
    for _ in range(100):
        rows = random.choice(20_000, 400, replace=False)
        drawn = Predicted(np.tile(logits[rows], 2), np.zeros(2, bool))
        found = scores_on_test(drawn, *on_labels(y[rows], 2), metrics=[METRICS[name] for name in names])
        covered.append([found[name].lower <= true[name] <= found[name].upper for name in names])
    assert (np.mean(covered, axis=0) >= 0.87).all()  # 95% would be below it once in 500 times
    assert not scores_on_test(drawn, *on_labels(np.zeros(400), 2), metrics=[METRICS["roc_auc"]])


def test_on_a_rare_class_the_table_holds_the_balanced_accuracy():
    study = run()
    y = np.arange(N_SCORED) % 10 == 0
    found = tabulate(CONFIGURATIONS, study, np.array([0]), y=y, head=TABLE.head, rates="balanced_accuracy")[
        "val_balanced_accuracy"
    ]
    right = study.rated.mean(axis=0)
    np.testing.assert_allclose(found, (right[:, y].mean(axis=1) + right[:, ~y].mean(axis=1)) / 2, rtol=1e-6)


def test_the_summary_says_what_was_saved_and_how_to_try_the_choice():
    study = run(eliminate=0.05)
    certain = Predicted(np.full(40, 1.0), np.zeros(2, bool))
    tested = scores_on_test(certain, *on_labels(np.ones(20), 2), metrics=LEADING)
    chosen = choose(study, [0] * 6)
    rows = {"n_test_rows": 20, "n_left_out": 4}
    found = summary(CONFIGURATIONS, study, chosen, tested, TABLE.head.loss, **rows, eliminate=0.05, random_state=0)
    assert found["best"] == found["simplest"] == {"l1": None, "dropout": None}
    assert (found["configurations"], found["trainings"], found["set_size"]) == (6, 40, 1)
    assert found["elimination"] == {"error_rate": 0.05, "trainings_saved": 50}
    assert found["test"]["accuracy"] == {"value": 1, "lower": 1, "upper": 1}
    assert found["optimism"] == {"value": 0, "lower": 0, "upper": 0}
    values = pd.DataFrame(found["values"]).set_index("variant")
    assert list(values.index) == ["l1 none", "dropout none"]  # of what was in all rounds
    assert values["difference"].tolist() == [0, 0]
    assert found["try_it"] is None  # the plain network is what `base` is


def test_each_value_stands_with_its_best_configuration():
    study = run(in_order)
    chosen = choose(study, [0] * 6)
    values = pd.DataFrame(best_of_values(CONFIGURATIONS, study, chosen, TABLE.head.loss)).set_index("variant")
    assert list(values.index) == ["l1 none", "l1 0.1", "dropout none", "dropout 0.2", "dropout 0.5"]
    assert set(values["reference"]) == {BEST}
    means = study.loss.astype(float).mean(axis=(0, 2))
    for name, value in (("l1", 0.1), ("dropout", 0.5)):
        its = [means[number] for number, each in enumerate(CONFIGURATIONS) if each[name] == value]
        assert values.loc[f"{name} {value:g}", "difference"] == pytest.approx(min(its) - means.min())
    in_set = {CONFIGURATIONS[number]["dropout"] for number in chosen[2]}
    assert (values.loc["dropout 0.5", "verdict"] == "undecided") == (0.5 in in_set)


def test_the_line_to_try_is_what_dvc_reads(tmp_path):
    from dvc.utils.hydra import apply_overrides

    command = command_to_try({"l1": 0.00001, "dropout": None, "hidden_units": [8, 4], "patience": 20})
    (tmp_path / "params.yaml").write_text("replicate: {variants: {}}\n", encoding="utf-8")
    apply_overrides(tmp_path / "params.yaml", [command.split("'")[1]])
    written = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    assert "l1: 1e-05" in written
    assert "patience: 20" in written
    assert "dropout" not in written


def test_complexity_counts_weights_then_techniques():
    assert complexity({"l1": None, "dropout": 0.2}, n_inputs=11, hidden_units=[20, 20]) == (681, 1)
    assert complexity({"hidden_units": [4], "l1": 0.1, "l2": 0.1}, n_inputs=11, hidden_units=[20, 20]) == (53, 2)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "sweep.grid: received no list; expected one or more"),
        ({"l1": []}, "sweep.grid.l1: received []; expected a list of one or more values"),
        ({"l1": [0.1, 0.1]}, "sweep.grid.l1: received [0.1, 0.1], which holds 0.1 twice"),
        ({"l1": [None, 0.0]}, "sweep.grid.l1: received [None, 0.0], which holds None twice"),
        ({"dropout": [0.2, 2.0]}, "sweep.grid.dropout.1: received 2.0; expected"),
        ({"l1": 0.1}, "sweep.grid.l1: received 0.1; expected a list of one or more values"),
        ({"droput": [0.1]}, "sweep.grid.droput: unknown key; did you mean dropout?"),
    ],
)
def test_a_wrong_grid(params, grid, message):
    params["sweep"]["grid"] = grid
    with pytest.raises(InputError) as raised:
        check_params(params)
    assert message in str(raised.value)


def test_a_grid_of_one_configuration_and_a_null(params):
    params["sweep"]["grid"] = {"dropout": [None]}
    lists = check_params(params).sweep.lists()
    assert lists == {"dropout": [None]}
    assert list(expand_grid(lists)) == [{"dropout": None}]


def test_the_committed_grid_is_the_promised_size(params):
    sweep = check_params(params).sweep
    assert count_configurations(sweep.lists()) * sweep.folds * sweep.seeds >= 1500
