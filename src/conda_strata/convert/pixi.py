"""Environment files of ``pixi.toml``, and of ``[tool.pixi]`` in ``pyproject.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conda_strata.convert.draft import Drafts
from conda_strata.convert.tables import Table, table, text, texts
from conda_strata.spec.manifest import DEFAULT

_CONDA = ("dependencies", "host-dependencies", "build-dependencies", "run-dependencies")
_PYPI = "pypi-dependencies"
_VERSIONED = {"version", "build", "channel"}
_INDEXED = {"version", "extras", "env-markers"}
_NOT_READ = {
    "tasks": "are no part of an environment; pixi or make runs them",
    "package": "a package that pixi builds is no part of an environment file",
    "system-requirements": "write them into virtual-packages.yml, as in "
    "'subdirs: {linux-64: {packages: {__cuda: \"12\"}}}'",
    "pypi-overrides": "strata has no overrides",
    "constraints": "write 'NAME VERSION' as a dependency",
}
_OPTIONS = {"index-url", "extra-index-urls"}


@dataclass(frozen=True)
class _Feature:
    """A feature of pixi, or what stands at the top of its file: the feature ``default``."""

    name: str
    content: Table

    @property
    def shown(self) -> str:
        """How it is named in messages."""
        return "" if self.name == DEFAULT else f" of the feature {self.name!r}"


def add_workspace(drafts: Drafts, content: Table) -> None:
    """Add what *content*, a ``pixi.toml`` or the table ``tool.pixi``, asks for."""
    workspace = table(content, "workspace") or table(content, "project")
    drafts.name = drafts.name or text(workspace, "name")
    named = workspace.get("channels")
    channels = [
        channel if isinstance(channel, str) else text(table({"c": channel}, "c"), "channel")
        for channel in (named if isinstance(named, list) else ())
    ]
    drafts.set_channels(channels)
    drafts.set_platforms(texts(workspace, "platforms"))
    if text(workspace, "channel-priority") == "disabled":
        drafts.left.append(
            "channel-priority: strata takes a package from the first channel with it"
        )
    if value := text(workspace, "exclude-newer"):
        drafts.set_exclude_newer(value)
    variables = table(content, "activation", "env")
    drafts.set_variables({k: v for k, v in variables.items() if isinstance(v, str)})
    features = {DEFAULT: _Feature(DEFAULT, content)}
    for name, found in table(content, "feature").items():
        features[name] = _Feature(name, found if isinstance(found, Mapping) else {})
    for environment, parts in _environments(drafts, content).items():
        for name in parts:
            if name in features:
                _add(drafts, environment, features[name])
            else:
                drafts.left.append(f"the feature {name!r} is not there")


def _environments(drafts: Drafts, content: Table) -> dict[str, list[str]]:
    """Return environment to its features; each contains ``default``, which is not repeated."""
    found = {DEFAULT: [DEFAULT]}
    for name, entry in table(content, "environments").items():
        described = entry if isinstance(entry, Mapping) else {"features": entry}
        features = texts(described, "features")
        if name == DEFAULT:
            found[DEFAULT] += features
            continue
        if described.get("no-default-feature"):
            drafts.left.append(
                f"'no-default-feature' of {name!r}: an environment of strata contains 'default'; "
                "give this one a folder of its own, with an environment.yml"
            )
            continue
        found[name] = features
    return found


def _add(drafts: Drafts, environment: str, feature: _Feature) -> None:
    _add_lists(drafts, environment, feature.content, None)
    for target, content in table(feature.content, "target").items():
        selector = drafts.selector(target)
        if selector is None:
            drafts.left.append(f"target {target!r}{feature.shown}: strata has no such platform")
        elif isinstance(content, Mapping):
            _add_lists(drafts, environment, content, selector)
            if "activation" in content:
                drafts.left.append(f"activation on {target}{feature.shown}")
    for line in _options(drafts, feature):
        drafts.pip(environment, "pypi-options", line)
    drafts.left += _not_read(feature)


def _not_read(feature: _Feature) -> Iterator[str]:
    for key, reason in _NOT_READ.items():
        if key in feature.content:
            yield f"{key}{feature.shown}: {reason}"
    if texts(table(feature.content, "activation"), "scripts"):
        yield f"activation scripts{feature.shown}: only packages bring them; source them yourself"
    for key in ("channels", "platforms", "activation") if feature.name != DEFAULT else ():
        if key in feature.content:
            yield f"{key}{feature.shown}: all environments share them"


def _add_lists(drafts: Drafts, environment: str, content: Table, selector: str | None) -> None:
    for key in _CONDA:
        for name, value in table(content, key).items():
            if spec := _conda(drafts, name, value):
                drafts.conda(environment, name, spec, selector)
    for name, value in table(content, _PYPI).items():
        if line := _pypi(drafts, name, value):
            drafts.pip(environment, name, line, selector)


def _conda(drafts: Drafts, name: str, value: object) -> str | None:
    if isinstance(value, str):
        return _spec(name, value)
    asked = table({"value": value}, "value")
    if unknown := sorted(asked.keys() - _VERSIONED):
        drafts.left.append(f"{name}: {', '.join(unknown)} is not read; it needs a built package")
        return None
    channel = text(asked, "channel")
    spec = _spec(name, text(asked, "version"))
    if build := text(asked, "build"):
        spec = f"{spec if ' ' in spec else f'{name} *'} {build}"
    return f"{channel}::{spec}" if channel else spec


def _spec(name: str, version: str) -> str:
    version = re.sub(r"\s*([,|])\s*", r"\1", version.strip())
    return name if version in {"", "*"} else f"{name} {version}"


def _pypi(drafts: Drafts, name: str, value: object) -> str | None:
    if isinstance(value, str):
        return f"{name}{_versions(value)}"
    asked = table({"value": value}, "value")
    extras = texts(asked, "extras")
    named = f"{name}[{','.join(extras)}]" if extras else name
    if path := text(asked, "path"):
        place = path if path.startswith((".", "/", "~")) else f"./{path}"
        return f"-e {place}{named.removeprefix(name)}"
    if url := text(asked, "url"):
        return f"{named} @ {url}"
    if unknown := sorted(asked.keys() - _INDEXED):
        what = "a repository has no hash to lock" if "git" in unknown else "that is not read"
        drafts.left.append(f"{name}: {', '.join(unknown)}: {what}")
        return None
    marker = text(asked, "env-markers")
    return f"{named}{_versions(text(asked, 'version'))}{f'; {marker}' if marker else ''}"


def _versions(value: str) -> str:
    return "" if value.strip() in {"", "*"} else value.strip()


def _options(drafts: Drafts, feature: _Feature) -> Iterator[str]:
    options = table(feature.content, "pypi-options")
    if url := text(options, "index-url"):
        yield f"--index-url {url}"
    for url in texts(options, "extra-index-urls"):
        yield f"--extra-index-url {url}"
    if unknown := sorted(options.keys() - _OPTIONS):
        drafts.left.append(f"pypi-options{feature.shown}: {', '.join(unknown)}")
