"""``strata install`` with its downloads there already, against ``cp -a`` of the installed prefix.

About 160 real packages, made from PyPI's wheels. ``cp -a`` writes every byte; rattler links
files from its cache where both are on one file system, and has records and entry points to write.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import _measure
from rig.channel import build as channel

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
GOAL = 1.5
TIMES = 5
SPECS = (
    "python", "dask", "ipykernel", "jupyterlab", "lightgbm", "matplotlib-base", "nbclient",
    "pandas", "polars", "pre-commit", "pyarrow", "pytest", "python-duckdb", "ruff", "scikit-learn",
    "seaborn", "statsmodels",
)  # fmt: skip
MORE = "rich"


def main() -> int:
    """Measure them in turns, and the installation of one package more."""
    print(_measure.machine())
    folder, python = channel.ensure()
    with tempfile.TemporaryDirectory() as name, _measure.served(folder) as url:
        home = Path(name)
        _measure.live_in(home / "home", {CONDA_FORGE: f"{url}/conda-forge"})
        project = home / "project"
        project.mkdir()
        _write(project, python.short, SPECS)
        install = [*_measure.STRATA, "install"]
        _measure.once([*_measure.STRATA, "lock"], cwd=project)
        _measure.once(install, cwd=project)
        model = home / "model"
        (project / ".conda").rename(model)

        def nothing_there() -> None:
            for left in (project / ".conda", home / "copy"):
                shutil.rmtree(left, ignore_errors=True)

        commands = {
            "strata install": install,
            "cp -a": ["cp", "-a", str(model), str(home / "copy")],
            "cp -al, which only links": ["cp", "-al", str(model), str(home / "copy")],
        }
        runs = _measure.alternate(commands, TIMES, cwd=project, before=nothing_there)
        nothing_there()
        _measure.once(install, cwd=project)
        print(_description(project / ".conda"))
        more = _measure.Runs()
        same = _measure.Runs()
        for number in range(2 * TIMES):
            _write(project, python.short, [*SPECS, MORE] if number % 2 == 0 else SPECS)
            _measure.once([*_measure.STRATA, "lock"], cwd=project)
            _measure.once(install, more if number % 2 == 0 else None, project)
            _measure.once(install, same, project)
    _measure.table("fresh prefix, packages in the cache", runs)
    ours, copy, link = runs.values()
    _measure.ratio("strata install ÷ cp -a", ours.median / copy.median, GOAL)
    print(f"{'strata install ÷ cp -al':<44}{ours.median / link.median:>10.2f} ×")
    rest = {f"strata install, {MORE} added": more, "strata install, nothing to do": same}
    _measure.table("an environment that is there", rest)
    print(f"{f'{MORE} added ÷ fresh':<44}{more.median / ours.median:>10.2f} ×")
    return 0


def _write(project: Path, python: str, specs: tuple[str, ...] | list[str]) -> None:
    lines = [f"  - {'python =' + python if spec == 'python' else spec}" for spec in specs]
    text = "\n".join(["channels: [conda-forge]", "platforms: [linux-64]", "dependencies:", *lines])
    (project / "environment.yml").write_text(f"{text}\n", "utf-8")


def _description(prefix: Path) -> str:
    """Return how big the prefix is, and whether its files are links into the cache."""
    files = [path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    stats = [path.stat() for path in files]
    linked = sum(stat.st_nlink > 1 for stat in stats)
    packages = len(list((prefix / "conda-meta").glob("*.json")))
    size = sum(stat.st_size for stat in stats)
    return (
        f"{packages} packages, {len(files):,} files, {size / 1e6:,.0f} MB; "
        f"{linked:,} of the files are hard links into the cache"
    )


if __name__ == "__main__":
    sys.exit(main())
