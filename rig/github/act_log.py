"""What a workflow did, as the JSON log of ``act`` tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path

LONGEST = 5


@dataclass(frozen=True)
class Run:
    """What a workflow did.

    Attributes
    ----------
    jobs
        Name of each job that ran, "scan (dev)" for one of a matrix, to "success" or "failure".
    steps
        Job to name of each step that ran to "success" or "failure".
    seconds
        Job to the time that it took.
    longest
        Job, step and seconds of the steps that took longest, the longest first; of an action, the
        steps within it.
    summary, log
        What people see of it.
    artifacts, attestations
        Folders of what was kept.
    """

    jobs: Mapping[str, str]
    steps: Mapping[str, Mapping[str, str]]
    seconds: Mapping[str, float]
    longest: Sequence[tuple[str, str, float]]
    summary: str
    log: str
    artifacts: Path
    attestations: Path

    @property
    def ok(self) -> bool:
        """Whether no job failed."""
        return set(self.jobs.values()) == {"success"}

    @property
    def trouble(self) -> str:
        """What the jobs that failed said last."""
        failed = [f"[{job}]" for job, result in self.jobs.items() if result != "success"]
        lines = self.log.splitlines()
        said = [line for line in lines if line.startswith(tuple(failed) or ("[]", "Error"))]
        noise = ("Post ", "LocalRepositoryCache", "set-output")
        return "\n".join(line for line in said if not any(word in line for word in noise))[-5000:]


def read(output: str, home: Path) -> Run:
    """Return what the log *output* tells of a run whose files are in *home*."""
    jobs: dict[str, str] = {}
    steps: dict[str, dict[str, str]] = {}
    log, summary = [], []
    times: dict[str, list[datetime]] = {}
    within: dict[tuple[str, ...], tuple[str, list[datetime]]] = {}
    for line in output.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            log.append(line)
            continue
        matrix = entry.get("matrix") or {}
        job = entry.get("jobID", "")
        if matrix:
            job += f" ({matrix.get('name') or matrix.get('os')})"
        log.append(f"[{job}] {entry['msg'].rstrip()}")
        time = datetime.fromisoformat(entry["time"])
        times.setdefault(job, []).append(time)
        ids = entry.get("stepID") or []
        if ids and entry.get("stage") == "Main":
            within.setdefault((job, *ids), (entry["step"], []))[1].append(time)
        if "jobResult" in entry:
            jobs[job] = entry["jobResult"]
        # The steps within an action have longer ids.
        if "stepResult" in entry and entry.get("stage") == "Main" and len(ids) == 1:
            steps.setdefault(job, {})[entry["step"]] = entry["stepResult"]
        # An action says again what the last step within it said.
        if entry.get("command") == "summary" and entry["content"] not in summary:
            summary.append(entry["content"])
    seconds = {job: _seconds(times[job]) for job in jobs}
    outer = {ids[:end] for ids in within for end in range(1, len(ids))}
    leaves = {ids: within[ids] for ids in within.keys() - outer}
    took = [(ids[0], step, _seconds(during)) for ids, (step, during) in leaves.items()]
    longest = sorted(took, key=itemgetter(2), reverse=True)[:LONGEST]
    kept = (home / "artifacts", home / "attestations")
    return Run(jobs, steps, seconds, longest, "".join(summary), "\n".join(log), *kept)


def _seconds(times: Sequence[datetime]) -> float:
    return (max(times) - min(times)).total_seconds()
