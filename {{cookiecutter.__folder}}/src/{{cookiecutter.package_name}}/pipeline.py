"""Run the steps in order: load, validate, features, model, report."""

import json
from pathlib import Path
from typing import Any

from . import figures
from .features import features
from .load import load
from .model import evaluate
from .provenance import provenance
from .report import report
from .validate import validate


def run(data: Path, out: Path) -> dict[str, Any]:
    """Analyse *data*, write metrics, figures and the report into *out*, and return the metrics."""
    table = validate(load(data))
    measurements, species = features(table)
    evaluation = evaluate(measurements, species)
    metrics = {
        "rows": len(table),
        "complete": len(measurements),
        "accuracy": round(evaluation.accuracy, 4),
        "baseline": round(evaluation.baseline, 4),
        "species": species.value_counts().sort_index().to_dict(),
        "recall": {name: round(share, 4) for name, share in evaluation.recall.items()},
        "confusion": evaluation.confusion.tolist(),
        "provenance": provenance(Path.cwd()),
    }
    images = {"scatter": figures.scatter(table), "confusion": figures.confusion(evaluation)}

    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", "utf-8")
    for name, svg in images.items():
        (out / f"{name}.svg").write_bytes(svg)
    (out / "report.html").write_text(report(metrics, images), "utf-8")
    return metrics
