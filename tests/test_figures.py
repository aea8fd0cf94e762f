import types

import pytest

from regularization.figures import plot_metrics

CURVES = {"accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.5], "loss": [0.7, 0.6], "val_loss": [0.8, 0.7]}


def test_two_figures_with_a_training_and_a_validation_line_a_model():
    accuracy, loss = plot_metrics([CURVES, CURVES], ["Base", "Dropout"], "Dropout=0.2")
    assert [line.name for line in accuracy.data] == [
        "Base Train Accuracy",
        "Base Validation Accuracy",
        "Dropout Train Accuracy",
        "Dropout Validation Accuracy",
    ]
    assert [list(line.y) for line in loss.data[:2]] == [[0.7, 0.6], [0.8, 0.7]]
    assert list(loss.data[0].x) == [0, 1]
    assert loss.layout.title.text == "Keras Model Comparison |  Loss (Dropout=0.2)"


def test_a_model_keeps_its_color_and_the_parts_differ_in_dash():
    accuracy, _ = plot_metrics([CURVES, CURVES], ["a", "b"], "")
    first, second, third, _ = accuracy.data
    assert first.line.color == second.line.color != third.line.color
    assert first.line.dash != second.line.dash


def test_a_history_of_keras_serves_as_well():
    accuracy, _ = plot_metrics([types.SimpleNamespace(history=CURVES)], ["a"], "", title="Mine")
    assert list(accuracy.data[0].y) == CURVES["accuracy"]


def test_names_must_match_histories():
    with pytest.raises(ValueError, match="zip"):
        plot_metrics([CURVES], ["a", "b"], "")
