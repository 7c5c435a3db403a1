"""The prefix as conda itself would have left it: history, specs, modes, state, activation."""

from __future__ import annotations

import json
from ast import literal_eval
from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment


def _record(project: Path, name: str) -> dict[str, object]:
    (found,) = (project / ".conda/conda-meta").glob(f"{name}-*.json")
    return dict(json.loads(found.read_text()))


def _history(project: Path) -> list[str]:
    return (project / ".conda/conda-meta/history").read_text().splitlines()


def test_history_has_packages_and_what_was_asked_for(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """Conda's remove takes out what neither the history nor a requested spec asks for."""
    write_environment(project, channel, ["frames >=1", "paths"])
    strata("lock")
    strata("install")
    lines = _history(project)
    assert lines[0].startswith("==> ")
    assert lines[0].endswith(" <==")
    assert [line for line in lines if line.startswith("+")] == [
        f"+{channel.url}/linux-64::numbers-2.0-h0_0",
        f"+{channel.url}/linux-64::paths-1.0-h0_0",
        f"+{channel.url}/linux-64::python-3.11.5-h0_0",
        f"+{channel.url}/noarch::frames-1.0-h0_0",
    ]
    (specs,) = [line for line in lines if line.startswith("# update specs: ")]
    assert literal_eval(specs.removeprefix("# update specs: ")) == ["frames >=1", "paths"]
    assert _record(project, "frames")["requested_specs"] == ["frames >=1"]
    assert not _record(project, "numbers")["requested_specs"]


def test_history_follows_changes_and_nothing_else(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write_environment(project, channel, ["frames", "numbers"])
    strata("lock")
    strata("install")
    before = _history(project)
    strata("install")
    assert _history(project) == before
    write_environment(project, channel, ["frames", "tool"])
    strata("lock")
    strata("install")
    added = _history(project)[len(before) :]
    assert f"+{channel.url}/linux-64::tool-1.0-h0_0" in added
    assert "# remove specs: ['numbers']" in added
    assert "# update specs: ['frames', 'tool']" in added
    assert not _record(project, "numbers")["requested_specs"]


def test_without_environment_file_all_packages_count_as_asked_for(
    strata: Strata, project: Path
) -> None:
    """Nobody knows what was; so conda's remove takes out no more than it is told."""
    strata("lock")
    (project / "environment.yml").unlink()
    strata("install")
    assert "# update specs: ['frames', 'numbers', 'python']" in _history(project)


def test_modes_are_those_of_the_umask(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    file = write_environment(project, channel, ["frames"])
    file.write_text(file.read_text() + "variables: {A: b}\n")
    strata("lock")
    strata("install", umask=0o022)
    prefix = project / ".conda"
    records = list((prefix / "conda-meta").glob("*.json"))
    assert {record.stat().st_mode & 0o777 for record in records} == {0o644}
    assert (prefix / "bin/count-frames").stat().st_mode & 0o777 == 0o755
    (script,) = (prefix / "etc/conda/activate.d").iterdir()
    assert script.stat().st_mode & 0o777 == 0o644
    assert (prefix / "conda-meta/state").stat().st_mode & 0o777 == 0o644


def test_state_has_all_variables_and_run_takes_them_literally(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    value = "x$HOME \"q\" 'r' \\ `id`"
    file = write_environment(project, channel, ["frames"])
    file.write_text(file.read_text() + f"variables: {json.dumps({'A': value})}\n")
    strata("lock")
    strata("install")
    state = json.loads((project / ".conda/conda-meta/state").read_text())
    assert state["env_vars"] == {"A": value}
    assert strata("run", "--", "printenv", "A").stdout == value + "\n"


def test_variables_come_before_the_scripts_of_packages(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """As conda has it: a package's script, whatever it is called, sees and may change them."""
    script = {"etc/conda/activate.d/aaa.sh": 'export A="$A and the package"\n'}
    channel.add("activating", "1.0", script)
    channel.index()
    file = write_environment(project, channel, ["activating"])
    file.write_text(file.read_text() + "variables: {A: own}\n")
    strata("lock")
    strata("install")
    assert strata("run", "--", "printenv", "A").stdout == "own and the package\n"


def test_variables_of_packages_are_text(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    values = {"B": "$(touch touched) $HOME"}
    channel.add("setting", "1.0", {"etc/conda/env_vars.d/setting.json": json.dumps(values)})
    channel.index()
    write_environment(project, channel, ["setting"])
    strata("lock")
    strata("install")
    assert strata("run", "--", "printenv", "B").stdout == values["B"] + "\n"
    assert not (project / "touched").exists()


def test_run_takes_the_active_environment_off_path(strata: Strata, project: Path) -> None:
    """What another environment has is not found by accident, as after conda's activate."""
    strata("lock")
    strata("install")
    other = project / "other"
    scripts = other / "etc/conda/deactivate.d"
    scripts.mkdir(parents=True)
    (scripts / "other.sh").write_text("unset OTHER\n")
    (other / "bin").mkdir()
    path = f"{other}/bin:/usr/bin:/bin"
    words = ["sh", "-c", 'echo "$PATH|$CONDA_DEFAULT_ENV|$CONDA_PROMPT_MODIFIER|$OTHER"']
    active = {"CONDA_PREFIX": str(other), "CONDA_DEFAULT_ENV": "other", "CONDA_SHLVL": "1"}
    found = strata("run", "--", *words, PATH=path, OTHER="1", **active).stdout.strip()
    assert found == f"{project}/.conda/bin:/usr/bin:/bin|project|(project) |"


def record_as_conda_does(prefix: Path, name: str, *compiled: str) -> None:
    """Rewrite the record of a noarch package: conda has the paths as they are in the package."""
    (meta,) = (prefix / "conda-meta").glob(f"{name}-*.json")
    record = json.loads(meta.read_text())
    record["package_type"] = "noarch_python"
    for entry in record["paths_data"]["paths"]:
        for place, packed in (
            ("lib/python3.11/site-packages/", "site-packages/"),
            ("bin/cow", "python-scripts/cow"),
        ):
            entry["_path"] = entry["_path"].replace(place, packed)
    for path in compiled:
        record["files"].append(path)
        record["paths_data"]["paths"].append({"_path": path, "path_type": "pyc_file"})
    meta.write_text(json.dumps(record, indent=2))


def test_an_update_of_what_conda_installed_leaves_nothing_of_the_old_version(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    for version in ("1.0", "2.0"):
        files = {
            f"site-packages/cows/v{version[0]}.py": "sound = 'moo'\n",
            f"site-packages/cows-{version}.dist-info/METADATA": f"Name: cows\nVersion: {version}\n",
        }
        channel.add("cows", version, files, ["python"], entry_points=["moo = cows:main"])
    channel.index()
    write_environment(project, channel, ["frames", "cows =1"])
    strata("lock")
    strata("install")
    prefix = project / ".conda"
    record_as_conda_does(prefix, "cows")
    write_environment(project, channel, ["frames", "cows =2"])
    strata("lock")
    assert strata("install").returncode == 0
    left = sorted(path.name for path in prefix.rglob("*") if path.is_file() and "cows" in str(path))
    assert left == ["METADATA", "cows-2.0-h0_0.json", "v2.py"]
    assert not list(prefix.rglob("cows-1.0*"))


def test_what_conda_installed_is_removed_whole(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    cows = {"site-packages/cows.py": "sound = 'moo'\n", "python-scripts/cow": "#!/bin/sh\n"}
    channel.add("cows", "1.0", cows, ["python"], entry_points=["moo = cows:main"])
    channel.index()
    write_environment(project, channel, ["frames", "cows"])
    strata("lock")
    strata("install")
    prefix = project / ".conda"
    cache = prefix / "lib/python3.11/site-packages/__pycache__/cows.cpython-311.pyc"
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(b"")
    record_as_conda_does(prefix, "cows", cache.relative_to(prefix).as_posix())
    write_environment(project, channel, ["frames"])
    strata("lock")
    assert strata("install").returncode == 0
    assert not list(prefix.rglob("*cow*"))
    assert not (prefix / "bin/moo").exists()
