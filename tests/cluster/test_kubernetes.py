"""The manifest on the page about Kubernetes is what the Dask operator accepts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from uv import find_uv_bin

PAGE = Path(__file__).parents[2] / "docs/how-to/dask-on-kubernetes.md"
SCHEMA = "dask_kubernetes/operator/deployment/helm/dask-kubernetes-operator/crds/daskcluster.yaml"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the schema that the operator's package ships; unknown fields are errors in it."""
    folder = tmp_path_factory.mktemp("operator")
    command = [find_uv_bin(), "--quiet", "--no-config", "pip", "install", "--no-deps"]
    command += [f"--python={sys.executable}", f"--target={folder}", "dask-kubernetes==2026.3.0"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("PyPI cannot be reached")
    definition = yaml.safe_load((folder / SCHEMA).read_text("utf-8"))
    (version,) = definition["spec"]["versions"]
    return _closed(version["schema"]["openAPIV3Schema"])


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: _closed(one) for name, one in part.items()}
    if isinstance(part.get("properties"), dict) and not part.get(
        "x-kubernetes-preserve-unknown-fields"
    ):
        made.setdefault("additionalProperties", False)
    return made


def _manifest() -> Any:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return yaml.safe_load(text)


def test_the_manifest_is_valid(schema: Any) -> None:
    jsonschema.validate(_manifest(), _with_metadata(schema))


def test_a_misspelt_field_is_found(schema: Any) -> None:
    manifest = _manifest()
    manifest["spec"]["worker"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, _with_metadata(schema))


def _with_metadata(schema: Any) -> Any:
    """Kubernetes itself adds these fields to each resource."""
    free: dict[str, Any] = {name: {} for name in ("apiVersion", "kind", "metadata")}
    return {**schema, "properties": {**free, **schema["properties"]}}


def test_scheduler_and_workers_have_one_image() -> None:
    spec = _manifest()["spec"]
    images = {spec[role]["spec"]["containers"][0]["image"] for role in ("scheduler", "worker")}
    assert len(images) == 1
