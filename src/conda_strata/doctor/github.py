"""The settings that the project's workflows need its repository on GitHub to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from conda_strata.doctor.finding import Finding, ok, problem, warning
from conda_strata.doctor.gh import LoginError, Repository, UnansweredError, origin
from conda_strata.doctor.image import host, kind, published

VARIABLES = {
    "azure": ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"),
    "aws": ("AWS_ROLE",),
    "google": ("GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "GOOGLE_SERVICE_ACCOUNT"),
    "password": ("REGISTRY_USERNAME",),
}
"""Kind of registry to the variables that its login needs."""

SECRETS = {"password": ("REGISTRY_PASSWORD",)}
"""Kind of registry to the secrets that its login needs."""

BOT_TOKEN = "BOT_TOKEN"  # noqa: S105
"""The secret that lets the bots' pull requests start workflows, and change them."""

PROPOSING = ("upgrade", "template")
"""The workflows that open pull requests."""

_ABOUT_REGISTRIES = "https://github.com/leej3/ds-cookiecutter/blob/main/docs/how-to/registries.md"
_NO_TOKEN = (
    f"no secret {BOT_TOKEN}: checks of the bots' pull requests are then started by dispatch; "
    "template updates that touch workflows need it"
)

_Unread = dict[str, list[str]]
"""Reason to what could not be read for it, so that one missing right is told once."""


def settings(folder: Path) -> Iterator[Finding]:
    """Say whether the settings of the repository on GitHub are what the workflows need."""
    workflows = folder / ".github/workflows"
    repository = origin(folder) if workflows.is_dir() else None
    if repository is None:
        return
    variables, secrets = _needed(folder, workflows)
    try:
        repository.ask("", ".id")
    except LoginError as error:
        needed = [f"the variable {name}" for name in variables]
        needed += [f"the secret {name}" for name in secrets]
        needs = f"; its workflows need {', '.join(needed)}" if needed else ""
        yield warning(
            "github",
            f"the settings of {repository.name} were not looked at: {error}{needs}",
            "Install gh and run 'gh auth login' to have the repository's settings checked.",
        )
        return
    except UnansweredError as error:
        yield warning(
            "github",
            f"{repository.host} does not tell of {repository.name}: {error}",
            "Check the network, the name ('git remote -v') and the login ('gh auth status').",
        )
        return
    unread: _Unread = {}
    yield from _actions(repository, unread)
    yield from _names(repository, "variable", variables, unread)
    proposing = [name for name in PROPOSING if (workflows / f"{name}.yml").exists()]
    yield from _names(repository, "secret", secrets, unread)
    if proposing:
        yield from _proposals(repository, " and ".join(map(repr, proposing)), unread)
    for reason, whether in unread.items():
        yield warning(
            "github",
            f"it cannot be read from {repository.name} whether {', '.join(whether)}: {reason}",
            "Repeat, or have somebody who administers the repository run 'strata doctor'.",
        )


def _needed(folder: Path, workflows: Path) -> tuple[list[str], list[str]]:
    """Return the variables and secrets that the workflows log in to the registry with."""
    image = published(folder)
    registry = kind(host(image)) if image else ""
    files = (file for file in workflows.glob("*.y*ml") if file.is_file())
    text = "".join(file.read_text("utf-8", errors="replace") for file in files)
    # An image from elsewhere, which no workflow pushes, needs no login.
    return (
        [name for name in VARIABLES.get(registry, ()) if f"vars.{name}" in text],
        [name for name in SECRETS.get(registry, ()) if f"secrets.{name}" in text],
    )


def _actions(repository: Repository, unread: _Unread) -> Iterator[Finding]:
    """Say whether workflows run."""
    try:
        enabled = repository.ask("/actions/permissions", ".enabled")
    except UnansweredError as error:
        unread.setdefault(str(error), []).append("GitHub Actions are switched on")
        return
    if enabled == ["false"]:
        yield problem(
            "github",
            f"GitHub Actions are switched off in {repository.name}, so no workflow runs",
            "Settings → Actions → General → Actions permissions: allow actions.",
        )
    else:
        yield ok("github", f"{repository.name}: GitHub Actions are switched on")


def _names(
    repository: Repository, what: str, needed: Sequence[str], unread: _Unread
) -> Iterator[Finding]:
    """Say which variables or secrets are there."""
    if not needed:
        return
    try:
        found = repository.names(f"{what}s")
    except UnansweredError as error:
        unread.setdefault(str(error), []).append(f"there is the {what} {', '.join(needed)}")
        return
    for name in needed:
        if name in found:
            yield ok("github", f"has the {what} {name}")
        else:
            yield problem(
                "github",
                f"{repository.name} lacks the {what} {name}, which CI needs to push the image",
                f"Set it with 'gh {what} set {name}'; see {_ABOUT_REGISTRIES}.",
            )


def _proposals(repository: Repository, workflows: str, unread: _Unread) -> Iterator[Finding]:
    """Say whether the bots may open pull requests: with a token of their own, or GitHub's."""
    try:
        if BOT_TOKEN in repository.names("secrets"):
            yield ok("github", f"has the secret {BOT_TOKEN}, which the bots' pull requests use")
            return
    except UnansweredError as error:
        unread.setdefault(str(error), []).append(f"there is the secret {BOT_TOKEN}")
    else:
        yield ok("github", _NO_TOKEN)
    try:
        setting = ".can_approve_pull_request_reviews"
        allowed = repository.ask("/actions/permissions/workflow", setting)
    except UnansweredError as error:
        unread.setdefault(str(error), []).append("workflows may open pull requests")
        return
    if allowed == ["false"]:
        yield warning(
            "github",
            f"GitHub Actions may not open pull requests here, so the workflows {workflows} cannot",
            "Settings → Actions → General → Workflow permissions: allow GitHub Actions to create "
            "and approve pull requests.",
        )
    else:
        yield ok("github", "GitHub Actions may open pull requests")
