"""Say whether main made the images that the merged pull request tested.

The pull request's run keeps its digests as an artifact. Whoever opened it could write anything there, so
this is a notice and no more: only digests are read from it, and nothing else depends on them.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ARTIFACT, FILE = "digests", "digests.json"
MOST_BYTES = 10_000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class UnknownError(Exception):
    """Why there is nothing to compare with."""


def _run(*words: str, most: int) -> bytes:
    """Return what a command prints, which may be too long."""
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout  # noqa: S101 - a pipe, as asked for
        said = process.stdout.read(most + 1)
        if len(said) > most:
            process.kill()
    if len(said) > most or process.returncode:
        raise UnknownError(f"'{words[0]} {words[1]} {words[-1]}' failed, or its answer is too long")
    return said


def _github(path: str) -> Any:
    return json.loads(
        _run("gh", "api", f"repos/{os.environ['GITHUB_REPOSITORY']}/{path}", most=10**7)
    )


def merged() -> tuple[int, str]:
    """Return number and last commit of the pull request whose merge this commit is."""
    sha = os.environ["GITHUB_SHA"]
    for pull in _github(f"commits/{sha}/pulls"):
        if pull["merged_at"] and pull["merge_commit_sha"] == sha and pull["base"]["ref"] == "main":
            return int(pull["number"]), _matched(_COMMIT, pull["head"]["sha"])
    raise UnknownError("this commit is no merge of a pull request")


def tested(head: str) -> Mapping[str, str]:
    """Return name to digest of the images that the newest run for a pull request's commit tested."""
    for run in _github(f"actions/runs?head_sha={head}&event=pull_request")["workflow_runs"]:
        for one in _github(f"actions/runs/{int(run['id'])}/artifacts?name={ARTIFACT}")["artifacts"]:
            if not one["expired"]:
                return _read(f"actions/artifacts/{int(one['id'])}/zip")
    raise UnknownError(f"its runs have no artifact '{ARTIFACT}', or no longer")


def _read(path: str) -> Mapping[str, str]:
    url = f"repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    data = io.BytesIO(_run("gh", "api", url, most=MOST_BYTES))
    with zipfile.ZipFile(data) as archive, archive.open(FILE) as file:
        text = file.read(MOST_BYTES)
    said = json.loads(text)
    return {name: _matched(_DIGEST, said[name]) for name in ("dev", "runtime")}


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError("no digest or commit")
    return text


def _is(image: str, digest: str) -> bool:
    """Return whether an image has a digest, or is the index of one that has."""
    if image.partition("@")[2] == digest:
        return True
    try:
        raw = _run("docker", "buildx", "imagetools", "inspect", "--raw", image, most=10**7)
    except (OSError, UnknownError):
        return False
    return digest in [part["digest"] for part in json.loads(raw).get("manifests", [])]


def compare() -> None:
    """Write the comparison into the run's summary, and a notice where there is a difference."""
    number, head = merged()
    before = tested(head)
    made = {name: os.environ[name.upper()] for name in before}
    other = [name for name, image in made.items() if not _is(image, before[name])]
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a") as summary:
        if not other:
            summary.write(f"\nPull request #{number} tested the same images.\n")
            return
        summary.write(
            f"\nPull request #{number} tested other images. That is so if `main` had other commits, or the "
            "base image or the Dockerfile changed, in between. The images of `main` are tested again.\n\n"
            "| image | the pull request's digest | of main |\n| --- | --- | --- |\n"
        )
        for name in other:
            digest = made[name].partition("@")[2]
            summary.write(f"| {name} | `{before[name]}` | `{digest}` |\n")
    print(f"::notice title=Images::main made other images than pull request #{number} tested")


if __name__ == "__main__":
    try:
        compare()
    except UnknownError as error:
        print(f"Nothing is compared: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it is, main's images do not depend on it
        print(f"Nothing is compared: an answer is not understood ({type(error).__name__})")
