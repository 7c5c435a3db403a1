"""Run the steps in order: load, validate, features, model, bootstrap, report."""

import json
from pathlib import Path
from typing import Any

from . import bootstrap, figures, parts
from .features import features
from .load import load
from .model import evaluate
from .provenance import provenance
from .report import report
from .validate import validate


def run(
    data: Path, out: Path, resamples: int = bootstrap.RESAMPLES, in_parts: int | None = None
) -> dict[str, Any]:
    """Analyse *data*, write metrics, figures and the report into *out*, and return the metrics.

    With *in_parts*, the resamples are read from *out*, where `run_part` wrote them.
    """
    table = validate(load(data))
    out.mkdir(parents=True, exist_ok=True)  # before the long part, as it can fail
    measurements, species = features(table)
    evaluation = evaluate(measurements, species)
    if in_parts:
        resampled = parts.read(out, in_parts, data, resamples)
    else:
        resampled = bootstrap.evaluations(measurements, species, range(resamples))
    metrics = {
        "rows": len(table),
        "complete": len(measurements),
        "accuracy": round(evaluation.accuracy, 4),
        "accuracy_interval": bootstrap.interval(one.accuracy for one in resampled),
        "baseline": round(evaluation.baseline, 4),
        "species": species.value_counts().sort_index().to_dict(),
        "recall": {name: round(share, 4) for name, share in evaluation.recall.items()},
        "recall_interval": {
            name: bootstrap.interval(one.recall[name] for one in resampled)
            for name in evaluation.species
        },
        "resamples": resamples,
        "confusion": evaluation.confusion.tolist(),
        "provenance": provenance(Path.cwd()),
    }
    images = {"scatter": figures.scatter(table), "confusion": figures.confusion(evaluation)}

    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", "utf-8")
    for name, svg in images.items():
        (out / f"{name}.svg").write_bytes(svg)
    (out / "report.html").write_text(report(metrics, images), "utf-8")
    return metrics


def run_part(data: Path, out: Path, resamples: int, part: int, of: int) -> Path:
    """Evaluate one part of the resamples, write it into *out*, and return the file."""
    measurements, species = features(validate(load(data)))
    numbers = parts.numbers(part, of, resamples)
    found = bootstrap.evaluations(measurements, species, numbers)
    return parts.write(out, part, of, data, resamples, found)
