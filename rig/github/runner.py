"""Execute a workflow with ``act`` on this machine, with stand-ins for the actions that it uses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uv

from rig.github import act_log
from rig.github.server import HOST, Repository
from rig.images import registry
from rig.machine.commands import apt_install
from rig.machine.state import cache_dir

HERE = Path(__file__).parents[2]
ACTIONS = Path(__file__).parent / "actions"
OURS = "leej3/ds-cookiecutter"
"""This repository, whose workflows the generated projects call."""

_USES = re.compile(r"uses: (?P<name>[\w.-]+/[\w.-]+)(?:/[\w./-]+)?@(?P<sha>[0-9a-f]{40})")
_GH = """\
#!/bin/sh
# Only gh talks to the API that stands in for GitHub's.
GH_HOST={host} http_proxy={proxy} HTTP_PROXY={proxy} exec {gh} "$@"
"""
_BASH = """\
#!/bin/sh
# act closes the terminal of a step that fails, with what it has not read of it by then.
{bash} "$@" || {{ code=$?; sleep 1; exit $code; }}
"""


@dataclass(frozen=True)
class Event:
    """What happened on GitHub.

    Attributes
    ----------
    name
        "push", "pull_request", "schedule" or "workflow_dispatch".
    commit
        The commit whose workflow runs.
    payload
        What GitHub says of it, but for the repository.
    actor
        Who did it.
    """

    name: str
    commit: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    actor: str = "octocat"


def run(
    repository: Repository,
    workflow: str,
    event: Event,
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    matrix: Mapping[str, str] | None = None,
    job: str | None = None,
) -> act_log.Run:
    """Run the workflow file *workflow* for *event*, keeping what it makes in *folder*.

    Only with the values in *matrix*, and only *job* with those before it, where they are given.
    """
    _install_tools()
    home = Path(tempfile.mkdtemp(prefix="runner-", dir=folder))
    checkout = home / "repository"
    git = ["git", "-c", "advice.detachedHead=false"]
    subprocess.run(
        [*git, "clone", "--quiet", "--no-checkout", repository.git, checkout], check=True
    )
    subprocess.run([*git, "-C", checkout, "fetch", "--quiet", "origin", event.commit], check=True)
    subprocess.run([*git, "-C", checkout, "checkout", "--quiet", event.commit], check=True)
    subprocess.run(
        [*git, "-C", checkout, "remote", "set-url", "origin", repository.url], check=True
    )
    payload = home / "event.json"
    payload.write_text(
        json.dumps(
            {
                "repository": {
                    "full_name": repository.name,
                    "default_branch": "main",
                    "private": repository.private,
                },
                **event.payload,
            }
        )
    )
    path = checkout / ".github" / "workflows" / workflow
    command = [_program("act"), event.name, "--json", "--no-skip-checkout", f"--workflows={path}"]
    command += [f"--eventpath={payload}", f"--actor={event.actor}", "--defaultbranch=main"]
    command += ["--platform=ubuntu-latest=-self-hosted", "--matrix=os:ubuntu-latest"]
    command += ["--no-cache-server"]
    command += [
        f"--secret={n}={v}" for n, v in {"GITHUB_TOKEN": "token", **(secrets or {})}.items()
    ]
    command += [f"--matrix={n}:{v}" for n, v in (matrix or {}).items()]
    command += [f"--job={job}"] if job else []
    command += [f"--var={n}={v}" for n, v in (variables or {}).items()]
    command += _stand_ins(path, home)
    inside = _environment(repository, home) | dict(env or {})
    command += [f"--env={name}={value}" for name, value in inside.items() if name != "PATH"]
    done = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, **inside},
        capture_output=True,
        text=True,
        check=False,
    )
    return act_log.read(done.stdout + done.stderr, home)


def _environment(repository: Repository, home: Path) -> dict[str, str]:
    """Return the variables of a runner: a home of its own, the caches of this machine."""
    programs = home / "bin"
    programs.mkdir()
    for name, text in (
        ("gh", _GH.format(host=HOST, proxy=repository.address, gh=_program("gh"))),
        ("bash", _BASH.format(bash=_program("bash"))),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (home / "artifacts").mkdir()
    advisories = home / "advisories.json"
    advisories.write_text("{}")
    containers = home / ".config" / "containers"
    containers.mkdir(parents=True)
    (containers / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{registry.HOST}"\ninsecure = true\n'
    )
    # Without the programs of this virtual environment, strata among them.
    ours = str(Path(sys.executable).parent)
    path = [str(programs), *(p for p in os.environ["PATH"].split(os.pathsep) if p != ours)]
    return {
        **repository.environment(),
        # GitHub's runners have no terminal, which act has.
        "BUILDKIT_PROGRESS": "plain",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": str(ACTIONS.parents[2]),
        "RATTLER_CACHE_DIR": str(cache_dir() / "rattler"),
        "RIG_ADVISORIES": str(advisories),
        "RIG_ARTIFACTS": str(home / "artifacts"),
        "RIG_ATTESTATIONS": str(home / "attestations"),
        "RIG_PYTHON": sys.executable,
        "RIG_UV": uv.find_uv_bin(),
        "UV_CACHE_DIR": str(cache_dir() / "uv"),
    }


def _install_tools() -> None:
    """Have what GitHub's runners have and a bare machine lacks."""
    missing = [name for name in ("jq", "skopeo") if shutil.which(name) is None]
    if missing:
        apt_install(*missing)


def _program(name: str) -> str:
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if not found:
        raise FileNotFoundError(f"{name} is not installed: see the dependency group 'test'")
    return found


def _stand_ins(workflow: Path, home: Path) -> list[str]:
    """Return the options that give ``act`` a folder for each action and each called workflow.

    Those of this repository are as they are now, whichever commit is asked for.
    """
    ours = home / "template"
    shutil.copytree(HERE / ".github", ours / ".github")
    texts = [file.read_text("utf-8") for file in [workflow, *ours.rglob("*.yml")]]
    used = {(found["name"], found["sha"]) for text in texts for found in _USES.finditer(text)}
    folders = {name: ours if name == OURS else ACTIONS / name for name, _ in used}
    return [
        f"--local-repository={name}@{sha}={folders[name]}"
        for name, sha in sorted(used)
        if folders[name].is_dir()
    ]
