"""The dev image as a place to live in: the environment in each kind of shell, and tools at hand.

The tests of each day stand before those that drop images, and so pull nothing again.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .conftest import Built

ASKED = (
    "python -c 'import os, sys; e = os.environ.get; "
    'print(sys.prefix, e("CONDA_PREFIX"), e("LANG"), e("STRATA_PREFIX"), e("FROM_ACTIVATION"))\''
)
SSH = ["ssh", "-oBatchMode=yes", "-oStrictHostKeyChecking=accept-new", "-oLogLevel=ERROR"]
# As cron starts a job, but for PAM, from which a real one has more variables.
CRON = ["env", "-i", "HOME=/home/scientist", "LOGNAME=scientist", "PATH=/usr/bin:/bin"]
TMUX = """tmux new-session -d && tmux send-keys -l "$0 > /tmp/answer; tmux wait-for -S answered"
tmux send-keys Enter && tmux wait-for answered && cat /tmp/answer"""

NO_ACTIVATION = {
    "no shell": ["sh", "-c", f"exec {ASKED}"],
    "sh": ["sh", "-c", ASKED],
    "bash": ["bash", "-c", ASKED],
    "su": ["su", "scientist", "-c", ASKED],
}
"""Shells that read no file: PATH and the variables alone."""

ACTIVATION = {
    "login sh": ["sh", "-lc", ASKED],
    "login bash": ["bash", "-lc", ASKED],
    "interactive bash": ["bash", "-ic", ASKED],
    "login and interactive bash": ["bash", "-lic", ASKED],
    "no HOME": ["env", "-u", "HOME", "bash", "-lc", ASKED],
    "su -": ["su", "-", "scientist", "-c", ASKED],
    "sudo -i": ["sudo", "--login", "--user=scientist", "sh", "-c", ASKED],
    "ssh": [*SSH, "localhost", ASKED],
    "login by ssh": [*SSH, "localhost", f"bash -lc {shlex.quote(ASKED)}"],
    "tmux": ["sh", "-c", TMUX, ASKED],
    "a job of cron": [*CRON, "sh", "-c", f"bash -lc {shlex.quote(ASKED)}"],
}
"""Shells that read /etc/profile or /etc/bash.bashrc: the packages' scripts, too."""

INSTALL = """set -eu
sudo apt-get -qq update
sudo apt-get -qq install --yes --no-install-recommends openssh-server tmux > /tmp/said 2>&1 || {
    cat /tmp/said; exit 1; }
sudo mkdir -p /run/sshd && sudo /usr/sbin/sshd
mkdir -p -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N "" -f ~/.ssh/id_ed25519
cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys
mkdir -p "$CONDA_PREFIX/etc/conda/activate.d"
echo 'export FROM_ACTIVATION=yes' > "$CONDA_PREFIX/etc/conda/activate.d/ours.sh"
git init -q -b topic /home/scientist/study/analyses
"""


@dataclass(frozen=True)
class Container:
    """A running container of the dev image."""

    name: str

    def run(self, *words: str, user: str = "1000", cwd: str = "/workspace") -> str:
        done = subprocess.run(
            ["docker", "exec", f"--user={user}", f"--workdir={cwd}", self.name, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def container(built: Built) -> Iterator[Container]:
    """One for all tests; ssh's server and tmux come as a person would install them, by sudo."""
    started = subprocess.run(
        ["docker", "run", "--detach", "--rm", "--init", built.reference("dev"), "sleep", "600"],
        capture_output=True,
        text=True,
        check=True,
    )
    container = Container(started.stdout.strip())
    try:
        container.run("bash", "-lc", INSTALL)
        yield container
    finally:
        subprocess.run(["docker", "rm", "--force", container.name], capture_output=True, check=True)


@pytest.mark.parametrize("kind", [*NO_ACTIVATION, *ACTIVATION])
def test_the_environment_is_there(container: Container, kind: str) -> None:
    words = (NO_ACTIVATION | ACTIVATION)[kind]
    user = "0" if words[0] == "su" else "1000"
    activated = "yes" if kind in ACTIVATION else "None"
    said = container.run(*words, user=user).splitlines()[-1]
    assert said == f"/opt/env /opt/env C.UTF-8 /opt/env {activated}"


def test_any_user_of_group_0_has_a_home_of_its_own(built: Built) -> None:
    """As OpenShift, or ``--user "$(id -u):0"``, starts it: no entry in /etc/passwd, no HOME."""
    script = "import os, pathlib, sys; (pathlib.Path.home() / 'a').touch(); print(sys.prefix)"
    for name in ("dev", "runtime"):
        done = subprocess.run(
            ["docker", "run", "--rm", "--user=4321:0", built.reference(name), "sh", "-c"]
            + [f'test -O "$HOME" && python -c "{script}"'],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "/opt/env\n", done.stderr


def test_the_tools_are_there(container: Container) -> None:
    container.run("sh", "-c", "for tool in curl less make man nano vi; do which $tool; done")
    assert container.run("env", "TERM=xterm", "git", "var", "GIT_EDITOR") == "editor"
    assert container.run("sh", "-c", "readlink -f $(which editor)").endswith("/nano")
    assert "git-commit - " in container.run("sh", "-c", "MANPAGER=cat man git-commit")
    assert container.run("sudo", "sh", "-c", "id -u; which apt-get") == "0\n/usr/bin/apt-get"
    assert container.run("sudo", "sh", "-c", "which python3") == "/usr/bin/python3"
    assert container.run("locale", "charmap") == "UTF-8"


def test_a_terminal_shows_where_it_is_and_completes(container: Container) -> None:
    said = container.run(
        "bash",
        "-ic",
        'echo "${PS1@P}"; complete -p strata; echo $HISTFILE',
        cwd="/home/scientist/study/analyses",
    ).splitlines()
    assert said[0].rstrip() == "[penguin-study topic] analyses$"
    assert said[1].endswith(" strata")
    assert said[2] == "/home/scientist/.cache/bash_history"
    completed = 'COMP_WORDS=(git comm); COMP_CWORD=1; COMP_LINE="git comm"; COMP_POINT=8'
    loaded = "source /usr/share/bash-completion/completions/git"
    shown = f'{loaded}; {completed}; __git_wrap__git_main; echo "${{COMPREPLY[@]}}"'
    assert "commit" in container.run("bash", "-ic", shown)
