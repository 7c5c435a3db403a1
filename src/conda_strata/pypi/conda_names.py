"""What conda's packages are called on PyPI."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from rattler import RepoDataRecord

from conda_strata.spec.dependency import package_name

_PYPI_NAMES = {
    "antlr-python-runtime": "antlr4-python3-runtime",
    "astropy-base": "astropy",
    "brotli-python": "brotli",
    "cupy-core": "cupy",
    "cvxpy-base": "cvxpy",
    "dask-core": "dask",
    "docker-py": "docker",
    "faiss": "faiss-cpu",
    "fastapi-core": "fastapi",
    "geopandas-base": "geopandas",
    "google-cloud-bigquery-core": "google-cloud-bigquery",
    "gurobi": "gurobipy",
    "h3-py": "h3",
    "iris": "scitools-iris",
    "matplotlib-base": "matplotlib",
    "mne-base": "mne",
    "modin-core": "modin",
    "msgpack-python": "msgpack",
    "mujoco-python": "mujoco",
    "nbconvert-core": "nbconvert",
    "numpy-base": "numpy",
    "opencv": "opencv-python",
    "ortools-python": "ortools",
    "pandera-core": "pandera",
    "py-lief": "lief",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "pyarrow-core": "pyarrow",
    "pymc-base": "pymc",
    "pysoundfile": "soundfile",
    "pytables": "tables",
    "pytensor-base": "pytensor",
    "python-annoy": "annoy",
    "python-blosc": "blosc",
    "python-blosc2": "blosc2",
    "python-build": "build",
    "python-cdo": "cdo",
    "python-confluent-kafka": "confluent-kafka",
    "python-duckdb": "duckdb",
    "python-eccodes": "eccodes",
    "python-fastjsonschema": "fastjsonschema",
    "python-flatbuffers": "flatbuffers",
    "python-gmsh": "gmsh",
    "python-graphviz": "graphviz",
    "python-hdfs": "hdfs",
    "python-igraph": "igraph",
    "python-isal": "isal",
    "python-kaleido": "kaleido",
    "python-kubernetes": "kubernetes",
    "python-lmdb": "lmdb",
    "python-neo": "neo",
    "python-pdal": "pdal",
    "python-sounddevice": "sounddevice",
    "python-symengine": "symengine",
    "python-tzdata": "tzdata",
    "python-wget": "wget",
    "python-xxhash": "xxhash",
    "python-zlib-ng": "zlib-ng",
    "python-zstd": "zstd",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "pytorch_cluster": "torch-cluster",
    "pytorch_geometric": "torch-geometric",
    "pytorch_scatter": "torch-scatter",
    "pytorch_sparse": "torch-sparse",
    "qtconsole-base": "qtconsole",
    "ray-core": "ray",
    "ray-default": "ray",
    "redis-py": "redis",
    "seaborn-base": "seaborn",
    "sentencepiece-python": "sentencepiece",
    "snakemake-minimal": "snakemake",
    "spyder-base": "spyder",
    "tensorflow-base": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "uvicorn-standard": "uvicorn",
    "vtk-base": "vtk",
}
"""conda's name to PyPI's, where they differ and the package is often needed.

The whole mapping is parselmouth's (github.com/prefix-dev/parselmouth), which is no package on PyPI:
it would be a further server to ask, and the lock would depend on what that says today. The entries
agree with it. Names that differ only in ``-``, ``_``, ``.`` or capitals need none.
"""


def pypi_name(name: str, version: Version) -> str:
    """Return what a conda package that depends on Python is called on PyPI (normalized)."""
    if name == "pyqt":
        return f"pyqt{version.major}"
    return canonicalize_name(_PYPI_NAMES.get(name, name))


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
                version = Version(str(record.version))
            except InvalidVersion:
                continue
            found[pypi_name(name, version)] = version.public
    return found
