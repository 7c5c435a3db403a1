"""Compute the resamples in parts, as separate jobs, and bring them together."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from .cluster import CODE
from .model import Evaluation


class PartsError(ValueError):
    """A part is missing, or belongs to another run; the message says what to do."""


def numbers(part: int, parts: int, resamples: int) -> range:
    """Return the resamples of *part*, counted from 1."""
    return range(resamples)[part - 1 :: parts]


def write(
    folder: Path, part: int, parts: int, data: Path, resamples: int, found: list[Evaluation]
) -> Path:
    """Write the evaluations of one part, whole or not at all, and return the file."""
    content = {
        "run": _run(data, resamples),
        "species": found[0].species if found else [],
        "confusion": [evaluation.confusion.tolist() for evaluation in found],
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, part, parts)
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(content), "utf-8")
    temporary.replace(file)
    return file


def read(folder: Path, parts: int, data: Path, resamples: int) -> list[Evaluation]:
    """Return the evaluations of all parts, ordered by the number of the resample.

    Raises
    ------
    PartsError
        When one is missing, or was made of other data, code, or number of resamples.
    """
    found: list[Evaluation | None] = [None] * resamples
    for part in range(1, parts + 1):
        file = _file(folder, part, parts)
        again = f"compute it with --part {part}/{parts} --resamples {resamples}"
        if not file.exists():
            raise PartsError(f"{file} is missing: {again}")
        content = json.loads(file.read_text("utf-8"))
        if content["run"] != _run(data, resamples):
            raise PartsError(f"{file} is of other data, code or resamples: {again}")
        for number, counts in zip(
            numbers(part, parts, resamples), content["confusion"], strict=True
        ):
            found[number] = Evaluation(content["species"], np.array(counts))
    return [evaluation for evaluation in found if evaluation]


def _file(folder: Path, part: int, parts: int) -> Path:
    return folder / f"part-{part}-of-{parts}.json"


def _run(data: Path, resamples: int) -> str:
    return hashlib.sha256(data.read_bytes() + f"{CODE} {resamples}".encode()).hexdigest()
