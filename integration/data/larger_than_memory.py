"""The examples of data larger than memory do what loading everything cannot do.

The limit is RLIMIT_DATA: the memory that a process has for itself. It needs no root, and counts no
code of libraries. Each example passes under it on S3, and the shortest program that loads the same
data at once fails, even from a folder. Without the limit, it gives the numbers to compare with.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from integration.data import surroundings
from integration.data.surroundings import EXAMPLES, Environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a limit")

BUCKET = "measured"

ALL_READINGS = """
import os
import pandas as pd

table = pd.read_parquet(os.environ["DATA"])
spring = table[table.month.isin([3, 4, 5])]
sums = spring.groupby(["month", "meter"], observed=True).wh.sum().sort_index()
sums.reset_index().astype(int).to_csv("expected.csv", index=False)
"""

COPY = f"""
import s3fs

s3fs.S3FileSystem().put("data/interim/", "{BUCKET}/", recursive=True)
"""

SORTED = """
import duckdb

rows = duckdb.read_parquet("data/processed/by-meter.parquet")
keys = rows.project("row(meter, month, second) AS key, lag(key) OVER () AS before")
print(keys.aggregate("count(*), count(*) FILTER (key < before)").fetchall())
"""

ALL_OF_FIELD = """
import os
import numpy as np
import xarray as xr

field = xr.open_zarr(os.environ["DATA"], consolidated=False).load().temperature
weights = np.cos(np.deg2rad(field.latitude.values))
daily = np.average(field.values.mean(axis=2, dtype="float64"), axis=1, weights=weights)
years = field.time.dt.year.values
for year in np.unique(years):
    print(year, daily[years == year].mean())
january = field.values[field.time.dt.month.values == 1].mean(axis=0, dtype="float64")
found = xr.open_zarr("data/processed/monthly.zarr", consolidated=False).temperature
assert found.shape == (12, 180, 360), found.shape
assert np.abs(found.sel(month=1).values - january).max() < 1e-3
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return surroundings.install(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="module")
def s3(environment: Environment) -> Iterator[Environment]:
    with surroundings.s3(environment, BUCKET) as found:
        yield found


def _both(
    s3: Environment, name: str, folder: Path, **variables: str
) -> tuple[Environment, Environment]:
    """Return what reads the data on S3, and what reads those in a folder."""
    here = s3.using(DATA=str(folder / "data/interim" / name), **variables)
    return here.using(DATA=f"s3://{BUCKET}/{name}"), here


def _passes(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _fails_for_memory(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode, "the limit does not bite"
    assert "MemoryError" in done.stderr, done.stderr


def test_table_on_s3_is_summed_and_sorted_in_less_memory_than_it_has(
    s3: Environment, tmp_path: Path
) -> None:
    there, here = _both(s3, "readings", tmp_path, MEMORY="100MB", GIGABYTES="0.2")
    _passes(here.run(EXAMPLES / "make_readings.py", cwd=tmp_path))
    _passes(there.run("-c", COPY, cwd=tmp_path))

    said = _passes(there.run(EXAMPLES / "readings.py", cwd=tmp_path, limit=450))
    _fails_for_memory(here.run("-c", ALL_READINGS, cwd=tmp_path, limit=450))

    _passes(here.run("-c", ALL_READINGS, cwd=tmp_path))
    expected = (tmp_path / "expected.csv").read_text()
    assert (tmp_path / "reports/spring.csv").read_text() == expected
    assert said.endswith("16,666,668 readings\n")
    # DuckDB may print a progress bar first.
    assert _passes(here.run("-c", SORTED, cwd=tmp_path)).endswith("[(16666668, 0)]\n")


def test_array_on_s3_is_reduced_in_less_memory_than_it_has(s3: Environment, tmp_path: Path) -> None:
    there, here = _both(s3, "field.zarr", tmp_path, GIGABYTES="0.57")
    _passes(here.run(EXAMPLES / "make_field.py", cwd=tmp_path))
    _passes(there.run("-c", COPY, cwd=tmp_path))

    said = _passes(there.run(EXAMPLES / "field.py", cwd=tmp_path, limit=700))
    _fails_for_memory(here.run("-c", ALL_OF_FIELD, cwd=tmp_path, limit=700))

    expected = _passes(here.run("-c", ALL_OF_FIELD, cwd=tmp_path))
    assert said == "2190 days, 0.6 GB\n"
    with (tmp_path / "reports/yearly.csv").open() as file:
        found = {row["year"]: float(row["temperature"]) for row in csv.DictReader(file)}
    assert len(found) == 6
    assert found == pytest.approx(
        {year: float(mean) for year, mean in map(str.split, expected.splitlines())}, abs=1e-4
    )


@pytest.mark.parametrize("cloud", [surroundings.gs, surroundings.abfs])
def test_other_clouds_are_read_and_written_by_the_same_variable(
    cloud: Callable[[Environment, str], AbstractContextManager[Environment]],
    environment: Environment,
    tmp_path: Path,
) -> None:
    small = environment.using(GIGABYTES="0.05")
    with cloud(small, BUCKET) as there:
        for name, data in (("readings", "readings"), ("field", "field.zarr")):
            said = []
            url = f"{cloud.__name__}://{BUCKET}/{data}"
            for place, where in (("there", there.using(DATA=url)), ("here", small)):
                folder = tmp_path / place
                folder.mkdir(exist_ok=True)
                _passes(where.run(EXAMPLES / f"make_{name}.py", cwd=folder))
                said.append(_passes(where.run(EXAMPLES / f"{name}.py", cwd=folder)))
            assert said[0] == said[1]
            assert not (tmp_path / "there/data/interim" / data).exists()
    for report in ("spring.csv", "yearly.csv"):
        texts = [(tmp_path / place / "reports" / report).read_text() for place in ("there", "here")]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("name", ["readings", "field"])
def test_a_local_folder_is_the_default(name: str, environment: Environment, tmp_path: Path) -> None:
    small = environment.using(GIGABYTES="0.01")
    _passes(small.run(EXAMPLES / f"make_{name}.py", cwd=tmp_path))
    _passes(small.run(EXAMPLES / f"{name}.py", cwd=tmp_path))

    assert len(list((tmp_path / "reports").glob("*.csv"))) == 1
