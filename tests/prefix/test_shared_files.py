"""Two packages that own one file: both are named, and which of them stays."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import HandMadeChannel, Strata, write_environment

SAID = "share/shared.txt is in more than one package: left's stays, not that of right"


def test_install_names_both_once(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["left", "right"])
    assert strata("lock").returncode == 0
    assert SAID in strata("install").stderr
    assert (project / ".conda/share/shared.txt").read_text() == "left\n"
    assert "more than one package" not in strata("install").stderr
    write_environment(project, channel, ["right"])
    strata("lock")
    assert "more than one package" not in strata("install").stderr
    assert (project / ".conda/share/shared.txt").read_text() == "right\n"


def test_layers_name_both(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    write_environment(project, channel, ["left", "right"])
    assert strata("lock").returncode == 0
    done = strata("layers", "--platform", "linux-64", "--out", "layers")
    assert done.returncode == 0
    assert SAID in done.stderr


def test_damaged_record_is_no_crash(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    write_environment(project, channel, ["left", "right"])
    strata("lock")
    strata("install")
    for text in ("[]", '{"name": 1, "paths_data": null}'):
        (project / ".conda/conda-meta/odd.json").write_text(text)
        assert "Traceback" not in strata("install").stderr
