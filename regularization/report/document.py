"""The report from the tables and files of the pipeline."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.parts import with_settings
from regularization.evidence import without_repeated
from regularization.heads import Head, head_of_data
from regularization.report.models import models_section
from regularization.report.page import render
from regularization.report.provenance import params_text, provenance_section
from regularization.report.replicates import replicates_section
from regularization.report.sweep import sweep_section
from regularization.report.verdict import lead_section, verdict_section
from regularization.report.why import why_section
from regularization.variants import REFERENCES
from regularization.words.evidence import leading
from regularization.words.phrases import figure, listed


def report_page(
    *,
    params: Mapping,
    evidence: Mapping[str, pd.DataFrame],
    trainings: pd.DataFrame,
    curves: pd.DataFrame,
    calibration: pd.DataFrame,
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    scores: Mapping[str, dict],
    data: Mapping,
    source: Mapping,
    requirements: str,
    subheading: str,
    pictures: Mapping[str, str],
    sweep: tuple[pd.DataFrame, dict] | None = None,
    plotly: str | None = None,
) -> str:
    """The HTML of the report.

    `params` is params.yaml as nested dictionaries; `evidence` the evidence's tables by name; `trainings`, `curves` and
    `calibration` the replicates' tables of all groups; `histories` and `scores` the curves and metrics of each headline
    model; `data`, `source` and `requirements` what metrics/data.json, data/raw/source.json and requirements.txt hold;
    `pictures` the SVGs of the `differences`, the `validation_loss` and the `sweep`, for a browser that runs no scripts;
    `sweep` the sweep's table and figures, where there was one. `plotly` replaces Plotly's script.
    """
    repeated = evidence["variants"].dropna(subset=["same_as"])
    same = dict(zip(repeated["variant"], repeated["same_as"], strict=True))
    trainings, curves, calibration = (without_repeated(table, same) for table in (trainings, curves, calibration))
    headline = [name for name in scores if name not in same]
    networks = trainings[~trainings["variant"].isin(REFERENCES)]
    head = head_of_data(data)
    by_name = head.with_equivalence(params["evidence"]["equivalence"], data)
    metrics = [by_name[name] for name in leading(dict(evidence))]
    reported, majority = evidence["notebook_reported"], data[head.constant_key]
    settings = evidence["variants"].dropna(subset=["settings"]).set_index("variant")["settings"].to_dict()
    sections = [
        lead_section(evidence, metrics, svg=pictures["differences"]),
        verdict_section(evidence, metrics),
        models_section(
            histories, scores, reported, majority, head, subheading=subheading, loss_svg=pictures["validation_loss"]
        ),
        replicates_section(evidence, trainings, curves, metrics, headline=headline),
        *([sweep_section(*sweep, svg=pictures["sweep"])] if sweep else []),
        why_section(networks, calibration, evidence, headline=headline, labels=labels_of(data)),
        provenance_section(source, data, requirements),
    ]
    return render(
        [with_settings(section, settings) for section in sections],
        title="Which regularization helps a neural network on a table?",
        subtitle=_subtitle(params["data"], data, head),
        params=params_text(params),
        is_standin=data["origin"] == "standin",
        plotly=plotly,
    )


def labels_of(data: Mapping) -> list[str]:
    """The names of the classes, where there are several."""
    return list(data["shares_of_classes"]["all"]) if "shares_of_classes" in data else []


def _subtitle(table: Mapping, data: Mapping, head: Head) -> str:
    target, n_rows = table["target"], f"{data['rows']['all']:,} rows"
    if not head.n_classes:
        mean, sd = (data["target"][name]["all"] for name in ("mean", "sd"))
        return (
            f"The networks predict {target}, a number: {n_rows}, mean {figure(mean)}, standard deviation {figure(sd)}."
        )
    if head.n_classes > 2:
        shares = [f"{label} {share:.0%}" for label, share in data["shares_of_classes"]["all"].items()]
        return f"The networks predict which of {head.n_classes} classes {target} is: {n_rows}, {listed(shares)}."
    share = data["share_of_class_1"]["all"]
    if table["positive"] is not None:
        what = f"{target} is {table['positive']}"
    else:
        what = f"{target} is {1 if table['threshold'] is None else format(table['threshold'], 'g') + ' or more'}"
    return f"The networks predict whether {what}: {n_rows}, {share:.0%} of them in that class."
