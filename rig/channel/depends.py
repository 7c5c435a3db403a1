"""From PyPI's names and requirements to conda's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from rig.machine.errors import RigError

# Where conda-forge's name is not PyPI's normalised one.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ipython-pygments-lexers": "ipython_pygments_lexers",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "jupyter-events": "jupyter_events",
    "jupyter-server": "jupyter_server",
    "jupyter-server-terminals": "jupyter_server_terminals",
    "jupyterlab-pygments": "jupyterlab_pygments",
    "jupyterlab-server": "jupyterlab_server",
    "matplotlib": "matplotlib-base",
    "msgpack": "msgpack-python",
    "mypy-extensions": "mypy_extensions",
    "prometheus-client": "prometheus_client",
    "pure-eval": "pure_eval",
    "stack-data": "stack_data",
    "typing-extensions": "typing_extensions",
    "tzdata": "python-tzdata",
}


def conda_name(name: str) -> str:
    """Return the name under which conda-forge has a PyPI project."""
    normalised = canonicalize_name(name)
    return CONDA_NAMES.get(normalised, normalised)


def version_spec(specifiers: SpecifierSet) -> str:
    """Return PEP 440 specifiers as a conda version constraint, "" for none.

    The operators mean the same on both sides but for two: `==1.*` has no operator in conda, and
    `===` is PEP 440's alone. Conda lets `<2` match a pre-release of 2; a channel made from one
    lock holds no such versions, so nothing is done about that.
    """
    parts = []
    for specifier in specifiers:
        operator, version = specifier.operator, specifier.version
        if operator == "==" and version.endswith(".*"):
            operator = ""
        elif operator == "===":
            operator = "=="
        parts.append(f"{operator}{version}")
    return ",".join(sorted(parts))


def match_spec(requirement: Requirement) -> str:
    """Return a requirement, its extras and marker aside, as a conda match specification.

    Raises
    ------
    RigError
        When it names a URL, which a conda package cannot depend on.
    """
    if requirement.url:
        raise RigError(f"'{requirement}' points at a URL. Leave its package out of the channel.")
    return f"{conda_name(requirement.name)} {version_spec(requirement.specifier)}".strip()


def depends(
    name: str,
    requirements: Iterable[Requirement],
    extras: Iterable[str],
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Return what a package needs on this interpreter, with the given extras merged in.

    Conda packages have no extras: those that the lock asks for become plain dependencies.

    Parameters
    ----------
    name
        The package itself; its extras may ask for further extras of it.
    requirements
        Its `Requires-Dist` entries.
    extras
        The extras asked for.
    environment
        Values for markers, in place of the running interpreter's.
    """
    values = {**cast("dict[str, str]", default_environment()), **(environment or {})}
    all_requirements = list(requirements)
    pending, seen, specs = ["", *sorted(extras)], set[str](), set[str]()
    while pending:
        extra = canonicalize_name(pending.pop()) or ""
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in all_requirements:
            if requirement.marker and not requirement.marker.evaluate({**values, "extra": extra}):
                continue
            if canonicalize_name(requirement.name) == canonicalize_name(name):
                pending.extend(requirement.extras)
            else:
                specs.add(match_spec(requirement))
    return sorted(specs)


def locked_extras(lock: str) -> dict[str, set[str]]:
    """Return the extras that a requirements file asks for, by normalised project name."""
    found: dict[str, set[str]] = {}
    for line in lock.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.split(" #")[0].rstrip("\\ "))
            found.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    return found
