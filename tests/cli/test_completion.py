"""The completion scripts, in the shells that they are for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Strata

COMPLETE = r"""
source ./script
function=$(complete -p strata | sed 's/.*-F \([^ ]*\).*/\1/')
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
"$function" strata "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(strata: Strata, project: Path, *words: str) -> set[str]:
    (project / "script").write_text(strata("completion", "bash").stdout)
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", *words],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes_commands(strata: Strata, project: Path) -> None:
    assert complete(strata, project, "strata", "c") == {"check", "completion", "convert"}


def test_bash_completes_options(strata: Strata, project: Path) -> None:
    assert complete(strata, project, "strata", "lock", "--up") == {"--update", "--upgrade"}


def test_bash_completes_files(strata: Strata, project: Path) -> None:
    assert complete(strata, project, "strata", "check", "-f", "envi") == {"environment.yml"}


def test_bash_completes_platforms(strata: Strata, project: Path) -> None:
    found = complete(strata, project, "strata", "lock", "--platform", "osx")
    assert found == {"osx-64", "osx-arm64"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_script_is_understood(strata: Strata, project: Path, shell: str) -> None:
    printed = strata("completion", shell)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert "doctor" in printed.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (project / "script").write_text(printed.stdout)
    read = subprocess.run(
        [shell, "-n", "script"], cwd=project, capture_output=True, text=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_unknown_shell_is_a_usage_error(strata: Strata) -> None:
    refused = strata("completion", "elvish")
    assert refused.returncode == 2
    assert "'elvish'" in refused.stderr


def test_help_tells_where_the_script_goes(strata: Strata) -> None:
    assert "bash-completion/completions/strata" in strata("completion", "--help").stdout
