"""Dockerfiles that a repository brings: read, as far as they name the base of an image."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conda_strata.core.errors import ManifestError
from conda_strata.image import dockerfile
from tests.conftest import Strata

START = "FROM scratch AS runtime-base\n"
REFUSED = {
    "large": START + "#" * 300_000,
    "continued": START + "RUN " + "\\\n" * 200_000,
    "quotes": START + 'RUN "' + '\\"' * 300_000,
    "path of many parts": START + "COPY " + "*/" * 2000 + " /x\n",
    "long path": START + f"COPY {'a' * 5000} /x\n",
    "bytes": b"FROM \xff AS runtime-base\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_no_dockerfile_has_is_refused(
    strata: Strata, project: Path, text: str | bytes
) -> None:
    assert strata("lock").returncode == 0
    file = project / ".devcontainer/Dockerfile"
    file.parent.mkdir()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    start = time.monotonic()
    words = ("image", "digest", "--registry", "127.0.0.1:9/a/b", "--platform", "linux-64")
    done = strata(*words)
    assert time.monotonic() - start < 8
    assert done.returncode in {2, 3}, done.stderr
    assert "unexpected" not in done.stderr
    assert len(done.stderr) < 1000


def test_many_stages(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    more = "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(3000))
    file.write_text(f"FROM debian AS s0\n{more}FROM s3000 AS dev-base\n")
    found = dockerfile.read(file, {})
    assert found.images(found.base_stage("dev")) == ["debian"]


def test_a_pipe_is_no_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").symlink_to("/dev/zero")
    with pytest.raises(ManifestError, match="is no regular file"):
        dockerfile.read(tmp_path / "Dockerfile", {})
