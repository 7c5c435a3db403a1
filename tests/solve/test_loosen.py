"""``strata loosen``: what was asked for, from what ``conda env export`` lists."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import HandMadeChannel, Strata

EXPORT = """\
name: mine
channels:
  - {url}
platforms: [linux-64]
dependencies:
  - frames=1.0=h0_0
  - numbers=2.0=h0_0
  - python=3.11.5=h0_0  # for all
  - r-base=4.4=h0_0
  - r-plots=1.0=h0_0
  - gone=9.9=h1_1
variables:
  A: b
prefix: /opt/conda/envs/mine
"""
LOOSE = """\
name: mine
channels:
  - {url}
platforms: [linux-64]
dependencies:
  - frames =1.0
  - python =3.11.5  # for all
  - r-base =4.4
  - r-plots =1.0
  - gone =9.9
variables:
  A: b
"""


def test_shown_then_written(strata: Strata, project: Path, channel: HandMadeChannel) -> None:
    file = project / "environment.yml"
    export = EXPORT.format(url=channel.url)
    file.write_text(export)
    shown = strata("loosen")
    assert shown.returncode == 0
    assert "-  - numbers=2.0=h0_0" in shown.stdout.splitlines()
    assert "+  - frames =1.0" in shown.stdout.splitlines()
    assert "not known: gone" in shown.stderr
    assert file.read_text() == export
    assert strata("loosen", "--write").returncode == 0
    assert file.read_text() == LOOSE.format(url=channel.url)
    again = strata("loosen")
    assert (again.stdout, again.returncode) == ("", 0)
    file.write_text(file.read_text().replace("  - gone =9.9\n", ""))
    assert strata("lock").returncode == 0


def test_lock_of_builds_of_another_platform_names_it(
    strata: Strata, project: Path, channel: HandMadeChannel
) -> None:
    text = EXPORT.format(url=channel.url).replace("frames=1.0=h0_0", "frames=1.0=h7_7")
    (project / "environment.yml").write_text(text)
    refused = strata("lock")
    assert refused.returncode == 4
    assert "environment.yml:6: frames=1.0=h7_7: the channels have frames 1.0" in refused.stderr
    assert "'strata loosen' does so for a whole file" in refused.stderr
    assert "environment.yml:11: gone=9.9=h1_1: no channel has gone" in refused.stderr


def test_no_file(strata: Strata) -> None:
    assert strata("loosen", "-f", "nowhere.yml").returncode == 3
