from __future__ import annotations

import difflib
import json
from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment


def test_lock_then_check_is_fresh(strata: Strata, project: Path) -> None:
    """A new project: one command makes the lock, and the check agrees with it."""
    assert strata("check").returncode == 1
    locked = strata("lock")
    assert (locked.returncode, locked.stdout) == (0, "linux-64: 3 packages, 3 changed\n")
    checked = strata("check", "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout) == {"up_to_date": True, "problems": []}
    assert sorted(p.name for p in project.iterdir()) == ["environment.yml", "strata.lock"]


def test_same_input_same_bytes(strata: Strata, project: Path) -> None:
    strata("lock")
    first = (project / "strata.lock").read_bytes()
    (project / "strata.lock").unlink()
    strata("lock")
    assert (project / "strata.lock").read_bytes() == first


def test_only_what_must_move_moves(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """A bound that is loosened again leaves the locked version; --update and --upgrade move it."""
    write_environment(project, channel, ["frames", "numbers <2"])
    strata("lock")
    write_environment(project, channel, ["frames", "tool"])
    added = strata("lock", "--json")
    assert [c["name"] for c in json.loads(added.stdout)["changes"]["linux-64"]] == ["tool"]
    assert "numbers-1.0" in (project / "strata.lock").read_text()

    dry = strata("lock", "--upgrade", "--dry-run")
    assert "upgraded   numbers 1.0 h0_0 → 2.0 h0_0" in dry.stdout
    assert "numbers-1.0" in (project / "strata.lock").read_text()

    assert "upgraded   numbers" in strata("lock", "--update", "numbers").stdout
    assert "numbers-2.0" in (project / "strata.lock").read_text()


def test_unchanged_lock_is_not_written_again(strata: Strata, project: Path) -> None:
    strata("lock")
    before = (project / "strata.lock").stat()
    again = strata("lock")
    assert "up to date" in again.stderr
    assert (project / "strata.lock").stat().st_mtime_ns == before.st_mtime_ns


def test_dev_contains_default(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """Both environments are solved together, so a dev tool can hold a shared package back."""
    write_environment(project, channel, ["needs-old"], "environment-dev.yml")
    strata("lock")
    default = json.loads(strata("plan", "--json").stdout)
    dev = json.loads(strata("plan", "--env", "dev", "--json").stdout)
    assert _packages(default) == {"frames-1.0-h0_0", "numbers-1.0-h0_0", "python-3.11.5-h0_0"}
    assert _packages(dev) - _packages(default) == {"needs-old-1.0-h0_0"}


def test_check_says_what_is_out_of_date(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    strata("lock")
    write_environment(project, channel, ["frames", "numbers <2", "tool"])
    checked = strata("check")
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == [
        "environment.yml:5: 'numbers <2' is locked as numbers-2.0-h0_0 on linux-64",
        "environment.yml:6: 'tool' is not locked for linux-64",
    ]
    write_environment(project, channel, ["numbers"])
    assert strata("check").stdout == "nothing depends on frames, which is locked for linux-64\n"


def test_one_platform_leaves_the_others(strata: Strata, project: Path) -> None:
    """--platform adds to a lock; what it has for other platforms stays."""
    strata("lock")
    text = (project / "environment.yml").read_text().replace("linux-64", "linux-64, osx-arm64")
    (project / "environment.yml").write_text(text)
    assert "default is not locked for osx-arm64" in strata("check").stdout
    assert strata("check", "--platform", "linux/amd64").returncode == 0


def _packages(plan: dict[str, list[dict[str, list[str]]]]) -> set[str]:
    return {package for layer in plan["layers"] for package in layer["packages"]}


def test_a_lock_says_why(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    """Each change names the line, or the package, that made it necessary."""
    write_environment(project, channel, ["frames"])
    strata("lock")
    write_environment(project, channel, ["frames", "needs-old"])
    moved = strata("lock", "--dry-run").stdout.splitlines()
    assert moved == [
        "linux-64: 4 packages, 2 changed",
        "  added      needs-old 1.0 h0_0  (environment.yml:5: needs-old)",
        "  downgraded numbers 2.0 h0_0 → 1.0 h0_0  (needs-old needs numbers <2)",
    ]
    strata("lock")
    write_environment(project, channel, ["frames", "numbers >=2"])
    why = json.loads(strata("lock", "--json").stdout)["changes"]["linux-64"]
    assert [(c["kind"], c["name"], c["why"]) for c in why] == [
        ("removed", "needs-old", "nothing depends on it"),
        ("upgraded", "numbers", "environment.yml:5: numbers >=2"),
    ]


def test_update_needs_a_package_that_is_there(strata: Strata) -> None:
    strata("lock")
    refused = strata("lock", "--update", "nmupy")
    assert refused.returncode == 2
    assert "there is no package 'nmupy' to update" in refused.stderr


def test_the_diff_of_the_file_is_minimal(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    """In git a new package is a block that is added, and its line in each environment."""
    write_environment(project, channel, ["tool"], "environment-dev.yml")
    strata("lock")
    old = (project / "strata.lock").read_text().splitlines()
    write_environment(project, channel, ["frames", "left"])
    strata("lock")
    new = (project / "strata.lock").read_text().splitlines()
    changed = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    assert all(line.startswith("+") for line in changed)
    assert [line for line in changed if "left-1.0" in line] == [
        line for line in changed if line.lstrip("+ ").startswith("- conda:")
    ]
    write_environment(project, channel, ["frames"])
    strata("lock")
    assert (project / "strata.lock").read_text().splitlines() == old
