import types
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from regularization.charts.curves import draw_curves, plot_metrics
from regularization.charts.differences import draw_differences
from regularization.heads.metrics import OF_BINARY as METRICS

SHOWN = [METRICS["accuracy"], METRICS["binary_crossentropy"]]
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


def texts(svg: str) -> set[str]:
    """Every text that the picture shows."""
    return {element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}


def test_curves_are_drawn_with_title_axes_and_models():
    shown = texts(draw_curves({"base": [0.7, 0.6], "dropout": [0.7, 0.5]}, title="Loss", y_title="nats"))
    assert {"Loss", "epoch", "nats", "base", "dropout"} <= shown


def comparison(variant: str, metric: str, **changed) -> dict:
    row = {"family": "headline", "reference": "base", "variant": variant, "metric": metric, "verdict": "better"}
    row |= {"difference": 0.01, "lower": 0.0, "upper": 0.02, "joint_lower": -0.01, "joint_upper": 0.03}
    return row | changed


def test_differences_to_base_alone_are_drawn():
    rows = [comparison("l1l2", metric) for metric in METRICS] + [comparison("pair", "accuracy", reference="l1l2")]
    shown = texts(draw_differences(pd.DataFrame(rows), SHOWN))
    assert {"l1l2", "better", "equivalent", "undecided", "worse", "likely better"} <= shown
    assert "pair" not in shown
    assert any("test accuracy" in text for text in shown if text)


def test_the_same_figures_are_the_same_bytes():
    rows = pd.DataFrame([comparison("l1l2", metric) for metric in METRICS])
    assert draw_differences(rows, SHOWN) == draw_differences(rows, SHOWN)


def test_a_variant_that_never_differed_has_a_point_and_no_interval():
    rows = [comparison("l1l2", metric, lower=float("nan"), upper=float("nan")) for metric in METRICS]
    assert "l1l2" in texts(draw_differences(pd.DataFrame(rows), SHOWN))


def test_a_stand_in_is_marked():
    rows = pd.DataFrame([comparison("l1l2", metric) for metric in METRICS])
    assert any("stand-in" in text for text in texts(draw_differences(rows, SHOWN, is_standin=True)) if text)
    assert not any("stand-in" in text for text in texts(draw_differences(rows, SHOWN)) if text)
