"""Images of a generated project: built and pushed, looked up in the registry."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.images import registry

TARGETS = ("dev", "runtime")
_OF_AN_IMAGE = tuple(f"{target}: " for target in TARGETS)
"""How the lines begin that strata says of an image: what of it is new, or that it is there."""

_STEP = re.compile(r"\[(?:\S+ )?(?P<stage>\S+) +\d+/\d+\] (?!FROM |LINK )")
"""``[target stage 3/7] RUN …``, the name of a step; LINK steps only put layers on each other."""


def _silent(line: str) -> None:
    """Take what strata says, for callers that do not show it."""


@dataclass(frozen=True)
class Cloud:
    """What a build needs of its surroundings, where they are not the public ones.

    Attributes
    ----------
    args
        Build arguments: where strata comes from.
    contexts
        Build contexts: the folder ``wheels``, and what stands in for public base images.
    rattler_config
        Configuration with mirrors of the conda channels, given to the build as a secret.
    """

    args: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
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
    output, log
        What it printed, and what else it said.
    """

    seconds: float
    ran: Mapping[str, int]
    output: str
    log: str


def publish(
    folder: Path, cloud: Cloud, strata: Path | None = None, say: Callable[[str], object] = _silent
) -> Build:
    """Push the project's images, and tag them as others call them, as CI does.

    *say* is called with what strata says of each image, as soon as it does.

    Raises
    ------
    RuntimeError
        When it fails; the message is the end of its output.
    """
    built = push(folder, cloud, strata, say)
    for line in built.output.splitlines():
        target, _, name = line.partition("=")
        registry.tag(name, target)
    return built


def push(
    folder: Path, cloud: Cloud, strata: Path | None = None, say: Callable[[str], object] = _silent
) -> Build:
    """Push the project's images under the key of what is in them.

    *strata* is the folder of that program, where it is another than this Python's; *say* is called
    with what it says of each image.

    Raises
    ------
    RuntimeError
        When it fails; the message is the end of its output.
    """
    return _strata("push", folder, cloud, strata, say=say)


def build(folder: Path, cloud: Cloud, *words: str, strata: Path | None = None) -> Build:
    """Put the project's images into the local Docker.

    Raises
    ------
    RuntimeError
        When it fails; the message is the end of its output.
    """
    return _strata("build", folder, cloud, strata, *words)


def _strata(
    action: str,
    folder: Path,
    cloud: Cloud,
    strata: Path | None,
    *words: str,
    say: Callable[[str], object] = _silent,
) -> Build:
    program = (strata or Path(sys.executable).parent) / "strata"
    command = [str(program), "image", action, *words, *options(cloud)]
    return _timed(command, folder, os.environ | {"BUILDKIT_PROGRESS": "rawjson"}, say)


def options(cloud: Cloud) -> list[str]:
    """Return what ``strata image`` and ``docker build`` have to be told of the surroundings."""
    return [f"--build-arg={name}={value}" for name, value in cloud.args.items()] + [
        f"--build-context={name}={value}" for name, value in cloud.contexts.items()
    ]


def plain_build(folder: Path, cloud: Cloud, target: str, *words: str) -> Build:
    """Build an image of the project as ``docker build`` does it, without strata on the machine.

    Raises
    ------
    RuntimeError
        When the build fails; the message is the end of BuildKit's log.
    """
    command = ["docker", "buildx", "build", "--progress=rawjson", "--target", target, *words]
    if cloud.rattler_config:
        command.append(f"--secret=id=rattler,src={cloud.rattler_config}")
    command += ["--file", ".devcontainer/Dockerfile", *options(cloud), "."]
    return _timed(command, folder, os.environ)


def _timed(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    say: Callable[[str], object] = _silent,
) -> Build:
    started = time.monotonic()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as printed,
        subprocess.Popen(
            command, cwd=folder, env=env, stdout=printed, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        log = []
        for line in process.stderr or ():
            log.append(line)
            if line.startswith(_OF_AN_IMAGE):
                say(line.rstrip())
        code = process.wait()
        seconds = time.monotonic() - started
        printed.seek(0)
        output = printed.read()
    text = "".join(log)
    events = list(_events(text))
    if code:
        raise RuntimeError(f"{said(text)[-4000:]}\n{text[-2000:]}")
    return Build(seconds, Counter(_stages_run(events)), output, text)


def _events(text: str) -> Iterator[dict[str, Any]]:
    """Yield the progress events in the output of buildx: JSON objects among plain lines."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        try:
            event, end = decoder.raw_decode(text, position)
        except ValueError:
            end = position + 1
        else:
            yield event
        position = text.find("{", end)


def _stages_run(events: Iterable[dict[str, Any]]) -> list[str]:
    """Return the stage of each Dockerfile step that BuildKit ran and did not have cached."""
    seen: dict[str, dict[str, Any]] = {}
    for event in events:
        for vertex in event.get("vertexes") or []:
            seen.setdefault(vertex["digest"], {}).update(vertex)
    return sorted(
        step["stage"]
        for vertex in seen.values()
        if vertex.get("completed") and not vertex.get("cached")
        if (step := _STEP.match(vertex["name"]))
    )


def said(log: str) -> str:
    """Return what the steps of a build printed."""
    logs = (part for event in _events(log) for part in event.get("logs") or [])
    return b"".join(base64.b64decode(part["data"]) for part in logs).decode(errors="replace")


def digests(output: str) -> dict[str, str]:
    """Return target to digest of what ``strata image push`` printed."""
    pairs = (line.split("=", 1) for line in output.splitlines())
    return {target: name.rpartition("@")[2] for target, name in pairs}


def blobs(reference: str) -> dict[str, int]:
    """Return digest to size, in bytes, of all that a pull of *reference* fetches."""
    manifest = _manifest(reference)
    return {part["digest"]: part["size"] for part in [manifest["config"], *manifest["layers"]]}


def environment_layers(reference: str) -> dict[str, str]:
    """Return slot ("00") to digest of the layers that ``strata push`` or ``layers`` made."""
    made = _imagetools(reference, "--format", "{{json .Image}}")["history"]
    steps = [entry.get("created_by", "") for entry in made if not entry.get("empty_layer")]
    layers = [layer["digest"] for layer in _manifest(reference)["layers"]]
    return {
        slot[1] or slot[2]: digest
        for step, digest in zip(steps, layers, strict=True)
        if (slot := re.search(r"/layers/(\d\d)/|strata: layer (\d\d) ", step))
    }


def _manifest(reference: str) -> Any:
    """Return the manifest of the image for Linux, where *reference* is an index of several."""
    document = _imagetools(reference, "--raw")
    if "manifests" in document:
        linux = (m for m in document["manifests"] if m.get("platform", {}).get("os") == "linux")
        document = _imagetools(f"{reference.rpartition(':')[0]}@{next(linux)['digest']}", "--raw")
    return document


def _imagetools(reference: str, *options: str) -> Any:
    done = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", *options, reference],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def run(reference: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run *words* in the image, with the project mounted, as CI does it."""
    command = running(reference, folder, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def show(reference: str, folder: Path, *words: str) -> None:
    """Run *words* in the image as :func:`run` does; the output is shown as it comes.

    Raises
    ------
    subprocess.CalledProcessError
        When they fail.
    """
    pull = ["docker", "pull", "--quiet", reference]  # 'docker run' would list each layer
    subprocess.run(pull, check=True, stdout=subprocess.DEVNULL)
    terminal = ["--tty"] if sys.stdout.isatty() else []
    options = ["--env=HOME=/tmp", "--env=PYTHONUNBUFFERED=1", *terminal]
    command = running(reference, folder, *words, options=options)
    subprocess.run(command, check=True)


def running(
    reference: str, folder: Path, *words: str, options: Sequence[str] = ("--env=HOME=/tmp",)
) -> list[str]:
    """Return the command that runs *words* in the image, with the project mounted."""
    user = f"--user={os.getuid()}:0"
    return ["docker", "run", "--rm", f"--volume={folder}:/workspace", user, *options] + [
        reference,
        *words,
    ]


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
