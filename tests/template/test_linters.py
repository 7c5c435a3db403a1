"""The linters that the owner of a generated project would run, on every file they know."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import TEMPLATE, Variant, bake, files

# The keys of https://containers.dev/implementors/json_reference/ that the project uses.
DEVCONTAINER = {
    "type": "object",
    "required": ["name", "image", "remoteUser"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "image": {"type": "string"},
        "remoteUser": {"type": "string"},
        "hostRequirements": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cpus": {"type": "integer", "minimum": 1},
                "memory": {"type": "string", "pattern": "^\\d+([tgmk]b)?$"},
                "storage": {"type": "string", "pattern": "^\\d+([tgmk]b)?$"},
                "gpu": {"enum": ["optional"]},
            },
        },
        "updateContentCommand": {"type": "string"},
        "postCreateCommand": {"type": "string"},
        "postAttachCommand": {"type": "string"},
        "mounts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["source", "target", "type"],
                "additionalProperties": False,
                "properties": {
                    "source": {"type": "string", "pattern": "\\$\\{devcontainerId\\}"},
                    "target": {"type": "string", "pattern": "^/"},
                    "type": {"enum": ["volume"]},
                },
            },
        },
        "waitFor": {
            "enum": [
                "initializeCommand",
                "onCreateCommand",
                "updateContentCommand",
                "postCreateCommand",
                "postStartCommand",
            ]
        },
        "forwardPorts": {"type": "array", "items": {"type": "integer", "maximum": 65535}},
        "portsAttributes": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {
                "^\\d+$": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "label": {"type": "string"},
                        "onAutoForward": {"enum": ["notify", "openBrowser", "silent", "ignore"]},
                    },
                }
            },
        },
        "containerEnv": {"type": "object", "additionalProperties": {"type": "string"}},
        "customizations": {"type": "object"},
    },
}


def lint(folder: Path, *command: str | Path) -> None:
    path = os.pathsep.join([os.fspath(Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which(command[0], path=path)
    assert program, f"{command[0]} is not installed"
    words = [program, *command[1:]]
    env = os.environ | {"PATH": path}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor(variant: Variant) -> None:
    lint(variant.folder, "zizmor", "--offline", "--pedantic", "--no-progress", ".github")


def test_hadolint(variant: Variant) -> None:
    lint(variant.folder, "hadolint", ".devcontainer/Dockerfile")


def test_shellcheck(variant: Variant) -> None:
    scripts = [path for path in variant.folder.rglob("*.sh") if ".git" not in path.parts]
    assert scripts
    ours = sorted((TEMPLATE / ".github/scripts").glob("*.sh"))
    lint(variant.folder, "shellcheck", *scripts, *ours)


def test_workflow_schema(variant: Variant) -> None:
    workflows = list((variant.folder / ".github/workflows").glob("*.yml"))
    assert workflows
    schema = "--builtin-schema=vendor.github-workflows"
    lint(variant.folder, "check-jsonschema", schema, *workflows)


def test_compose_schema(default: Path, tmp_path: Path) -> None:
    gpu = bake(tmp_path, accelerator="cuda") / "compose.gpu.yaml"
    schema = "--builtin-schema=vendor.compose-spec"
    lint(default, "check-jsonschema", schema, "compose.yaml", gpu)


def test_devcontainer_schema(variant: Variant, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(DEVCONTAINER))
    file = ".devcontainer/devcontainer.json"
    lint(variant.folder, "check-jsonschema", f"--schemafile={schema}", file)


def test_actionlint(variant: Variant) -> None:
    """The workflows, and with shellcheck what they run."""
    lint(variant.folder, "actionlint")


def test_no_file_looks_like_a_secret(variant: Variant, tmp_path: Path) -> None:
    """The hook passes every file as generated, and stops a key and an .env."""
    config = yaml.safe_load((variant.folder / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    left_out = re.compile(hooks["detect-secrets"]["exclude"])
    names = [name for name in files(variant.folder) if not left_out.search(name)]
    assert "src/penguin_study/__main__.py" in names
    lint(variant.folder, "detect-secrets-hook", *names)
    leak = tmp_path / "leak.py"
    leak.write_text('KEY = "AKIA' + "QWERTYUIOPASDFGH" + '"\n')
    with pytest.raises(AssertionError, match="AWS Access Key"):
        lint(tmp_path, "detect-secrets-hook", "leak.py")
    forbidden = re.compile(hooks["no-env-file"]["files"])
    assert [bool(forbidden.search(n)) for n in (".env", "a/.env", ".env.example")] == [1, 1, 0]


def test_community_files(variant: Variant) -> None:
    """What GitHub and cffconvert read, by their schemas."""
    forms = list((variant.folder / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 2
    lint(variant.folder, "check-jsonschema", "--builtin-schema=vendor.github-issue-forms", *forms)
    citation = "--builtin-schema=vendor.citation-file-format"
    lint(variant.folder, "check-jsonschema", citation, "CITATION.cff")


def test_community_files_of_this_repository() -> None:
    forms = set((TEMPLATE / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    config = TEMPLATE / ".github/ISSUE_TEMPLATE/config.yml"
    lint(TEMPLATE, "check-jsonschema", "--builtin-schema=vendor.github-issue-config", config)
    form = "--builtin-schema=vendor.github-issue-forms"
    lint(TEMPLATE, "check-jsonschema", form, *sorted(forms - {config}))
    citation = "--builtin-schema=vendor.citation-file-format"
    lint(TEMPLATE, "check-jsonschema", citation, "CITATION.cff")
