"""What conda's packages are called on PyPI."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from rattler import RepoDataRecord

from conda_strata.spec.dependency import package_name

_PYPI_NAMES = {
    "matplotlib-base": "matplotlib",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "brotli-python": "brotli",
    "msgpack-python": "msgpack",
    "py-xgboost": "xgboost",
    "python-duckdb": "duckdb",
    "python-tzdata": "tzdata",
    "python-graphviz": "graphviz",
    "ruamel.yaml": "ruamel-yaml",
    "pytables": "tables",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "python-build": "build",
    "importlib_metadata": "importlib-metadata",
    "dask-core": "dask",
    "seaborn-base": "seaborn",
    "pyarrow-core": "pyarrow",
    "uvicorn-standard": "uvicorn",
}
"""conda-forge's name to PyPI's, where they differ and the package is often needed."""


def distributions(records: Iterable[RepoDataRecord]) -> dict[str, str]:
    """Return the Python distributions among conda packages: PyPI's name to version (PEP 440).

    A conda package counts when it depends on Python. Its name is PyPI's, but for a few that are
    known to differ.
    """
    found: dict[str, str] = {}
    for record in records:
        name = record.name.normalized
        if "python" in map(package_name, record.depends):
            try:
                version = Version(str(record.version)).public
            except InvalidVersion:
                continue
            found[canonicalize_name(_PYPI_NAMES.get(name, name))] = version
    return found
