"""Images of a generated project: built by BuildKit, looked up in the registry."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TARGETS = ("dev", "runtime")


@dataclass(frozen=True)
class Cloud:
    """What a build needs of its surroundings, where they are not the public ones.

    Attributes
    ----------
    args
        Build arguments: the base images, and where strata comes from.
    wheels
        Folder that is the build context ``wheels``.
    rattler_config
        Configuration with mirrors of the conda channels, given to the build as a secret.
    """

    args: Mapping[str, str] = field(default_factory=dict)
    wheels: Path | None = None
    rattler_config: Path | None = None


@dataclass(frozen=True)
class Build:
    """What one build did.

    Attributes
    ----------
    seconds
        From start to pushed, as a person would wait.
    ran
        Stage of the Dockerfile to how many of its steps were run; cached steps are left out.
    log
        The names of the steps that were run.
    """

    seconds: float
    ran: Mapping[str, int]
    log: Sequence[str]


def bake(
    folder: Path, cloud: Cloud, *, cache: bool = True, targets: Sequence[str] = TARGETS
) -> Build:
    """Build the project's images with ``docker buildx bake`` and push them.

    Raises
    ------
    RuntimeError
        When the build fails; the message is the end of BuildKit's log.
    """
    command = ["docker", "buildx", "bake", "--progress=rawjson", *targets]
    command += [f"--set=*.args.{name}={value}" for name, value in cloud.args.items()]
    if cloud.wheels:
        command.append(f"--set=*.contexts.wheels={cloud.wheels}")
    if not cache:
        command.append("--no-cache")
    env = {**os.environ, "PUSH": "true", "RATTLER_CONFIG": str(cloud.rattler_config or "")}
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode:
        raise RuntimeError(_failure(done.stderr, events))
    steps = _steps(events)
    ran: dict[str, int] = {}
    for step in steps:
        stage = step.removeprefix("[").split()[0].rstrip("]")
        ran[stage] = ran.get(stage, 0) + 1
    return Build(seconds, ran, steps)


def _steps(events: Iterable[dict[str, list[dict[str, object]]]]) -> list[str]:
    """Return the steps of Dockerfile stages that BuildKit ran, less those that it had cached."""
    seen: dict[str, dict[str, object]] = {}
    for event in events:
        for vertex in event.get("vertexes", []):
            seen.setdefault(str(vertex["digest"]), {}).update(vertex)
    names = (str(v["name"]) for v in seen.values() if v.get("completed") and not v.get("cached"))
    return sorted(
        name
        for name in names
        if name.startswith("[") and not name.startswith("[internal]") and "] FROM " not in name
    )


def _failure(text: str, events: Iterable[dict[str, list[dict[str, object]]]]) -> str:
    import base64

    logs = [
        base64.b64decode(str(log["data"])).decode(errors="replace")
        for event in events
        for log in event.get("logs", [])
    ]
    plain = [line for line in text.splitlines() if not line.startswith("{")]
    return "".join(logs)[-4000:] + "\n".join(plain[-20:])


def blobs(reference: str) -> dict[str, int]:
    """Return digest to size, in bytes, of all that a pull of *reference* fetches.

    Config and layers of the image for linux/amd64 (or the only one there is).
    """
    document = _inspect(reference)
    if "manifests" in document:
        entry = next(m for m in document["manifests"] if m.get("platform", {}).get("os") == "linux")
        document = _inspect(f"{reference.rpartition(':')[0]}@{entry['digest']}")
    parts = [document["config"], *document["layers"]]
    return {part["digest"]: part["size"] for part in parts}


def _inspect(reference: str) -> dict[str, list[dict[str, Mapping[str, str]]]]:
    raw = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", "--raw", reference],
        capture_output=True,
        text=True,
        check=True,
    )
    document: dict[str, list[dict[str, Mapping[str, str]]]] = json.loads(raw.stdout)
    return document


def run(reference: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run *words* in the image, with the project mounted, as CI does it."""
    user = f"{os.getuid()}:0" if os.getuid() else "1000:0"
    return subprocess.run(
        ["docker", "run", "--rm", f"--volume={folder}:/workspace", f"--user={user}", reference]
        + list(words),
        capture_output=True,
        text=True,
        check=False,
    )


def forget(references: Iterable[str]) -> None:
    """Drop the builder's whole cache and the named images: a fresh machine's state.

    For a Docker daemon that is the rig's own; it would cost a person all their cached builds.
    """
    for reference in references:
        subprocess.run(
            ["docker", "image", "rm", "--force", reference], capture_output=True, check=False
        )
    subprocess.run(
        ["docker", "buildx", "prune", "--all", "--force"], capture_output=True, check=True
    )
