"""What the examples need: an environment, an S3 server, and a limit of memory that bites."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from uv import find_uv_bin

from rig.machine import ports
from rig.machine.commands import need, run

HERE = Path(__file__).parents[2]
EXAMPLES = HERE / "docs/examples"
HOST = "127.0.0.1"
AZURITE = "azurite@3.37.0"
# The account and key that every Azurite has.
ACCOUNT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlC"
    "DXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://{host}:{port}/devstoreaccount1;"
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the packages of the examples, and the variables for them."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def python(self) -> str:
        """The path of its Python."""
        return str(self.folder / "bin/python")

    def using(self, **variables: str) -> Environment:
        """Return the same environment with more variables."""
        return replace(self, variables={**self.variables, **variables})

    def run(
        self, *words: str | Path, cwd: Path, limit: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run its Python; with *limit*, no more megabytes of memory of its own."""
        before = ["prlimit", f"--data={limit}000000"] if limit else []
        return subprocess.run(
            [*before, self.python, *map(str, words)],
            cwd=cwd,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def install(folder: Path) -> Environment:
    """Make the environment in *folder*, from the dependency group ``data``."""
    uv = [find_uv_bin(), "--quiet", "--no-config"]
    subprocess.run([*uv, "venv", "--python=3.11", str(folder)], check=True)
    group = ["pip", "install", f"--python={folder}", f"--group={HERE / 'pyproject.toml'}:data"]
    subprocess.run([*uv, *group], check=True)
    # As many threads on each machine, because each takes memory.
    return Environment(folder, {"DASK_NUM_WORKERS": "2", "OPENBLAS_NUM_THREADS": "1"})


@contextmanager
def s3(environment: Environment, bucket: str) -> Iterator[Environment]:
    """Start an S3 server on loopback with one bucket, and yield an environment that uses it."""
    port = ports.choose(HOST, None)
    command = [environment.python, "-m", "moto.server", f"--host={HOST}", f"--port={port}"]
    url = f"http://{HOST}:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            ports.wait_for(lambda: ports.answers(f"{url}/moto-api/"), 30, "moto does not start")
            reached = environment.using(
                AWS_ENDPOINT_URL=url,
                AWS_ACCESS_KEY_ID="any",
                AWS_SECRET_ACCESS_KEY="any",  # noqa: S106
                AWS_DEFAULT_REGION="us-east-1",
                no_proxy=HOST,
            )
            make = f"import s3fs; s3fs.S3FileSystem().mkdir({bucket!r})"
            reached.run("-c", make, cwd=environment.folder).check_returncode()
            yield reached
        finally:
            server.terminate()


@contextmanager
def gs(environment: Environment, bucket: str) -> Iterator[Environment]:
    """Start a server of Google Cloud Storage on loopback, as :func:`s3` does."""
    port = ports.choose(HOST, None)
    program = environment.folder / "bin/gcp-storage-emulator"
    where = [f"--host={HOST}", f"--port={port}", "--in-memory", f"--default-bucket={bucket}"]
    with _serving(program, "start", *where, port=port):
        yield environment.using(STORAGE_EMULATOR_HOST=f"http://{HOST}:{port}", no_proxy=HOST)


@contextmanager
def abfs(environment: Environment, bucket: str) -> Iterator[Environment]:
    """Start Azurite, Microsoft's server of Azure's blobs, on loopback, as :func:`s3` does."""
    folder = environment.folder / "npm"
    command = [need("npm", "npm"), "install", "--silent", "--prefix", str(folder), AZURITE]
    run(command, fix="See what npm says of its registry.", timeout=300)
    port = ports.choose(HOST, None)
    where = [f"--blobHost={HOST}", f"--blobPort={port}", "--inMemoryPersistence"]
    quiet = ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with _serving(folder / "node_modules/.bin/azurite-blob", *where, *quiet, port=port):
        reached = environment.using(
            AZURE_STORAGE_CONNECTION_STRING=ACCOUNT.format(host=HOST, port=port), no_proxy=HOST
        )
        make = f"import adlfs; adlfs.AzureBlobFileSystem().mkdir({bucket!r})"
        reached.run("-c", make, cwd=environment.folder).check_returncode()
        yield reached


@contextmanager
def _serving(program: Path, *words: str, port: int) -> Iterator[None]:
    silent = subprocess.DEVNULL
    with subprocess.Popen([program, *words], stdout=silent, stderr=silent) as server:
        try:
            ports.wait_for(lambda: not ports.can_bind(HOST, port), 60, f"{program} does not start")
            yield
        finally:
            server.terminate()
