"""What the workflows use of GitHub: a git repository, and a few requests of its API.

The GitHub CLI speaks plain HTTP with the host ``github.localhost``; a proxy, set for it alone, brings
those requests here. See https://docs.github.com/en/rest for what is answered.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "github.localhost"
SERVER = "https://github.com"


@dataclass
class Repository:
    """A repository on GitHub.

    Attributes
    ----------
    name
        "owner/project".
    git
        Folder of the bare git repository.
    private
        Whether others may not see it.
    bots_may_propose
        Whether Actions may open pull requests, which is off in a new repository.
    drafts
        Whether pull requests may be drafts, which private repositories need a paid plan for.
    pulls
        Pull requests, as the API shows them.
    dispatched
        Workflow and branch of each run that was asked for.
    merged
        Commits of main to the commit that the pull request had which they merge.
    tested
        Commits of pull requests to the artifacts of *ci* for them.
    address
        Where the API answers.
    """

    name: str
    git: Path
    private: bool = False
    bots_may_propose: bool = True
    drafts: bool = True
    pulls: list[dict[str, Any]] = field(default_factory=list)
    dispatched: list[tuple[str, str]] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    tested: dict[str, Path] = field(default_factory=dict)
    address: str = ""

    @property
    def url(self) -> str:
        """Where it would be."""
        return f"{SERVER}/{self.name}"

    def environment(self) -> dict[str, str]:
        """Return variables with which git finds it by its URL."""
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.git}.insteadOf",
            "GIT_CONFIG_VALUE_0": self.url,
        }

    def answer(self, method: str, path: str, said: dict[str, Any]) -> tuple[int, Any]:
        """Return status and body of the answer to one request."""
        url = urlsplit(path)
        prefix = f"/repos/{self.name}"
        if not url.path.startswith(prefix):
            return 404, {"message": "Not Found"}
        match [method, *url.path.removeprefix(prefix).strip("/").split("/")]:
            case ["GET", ""]:
                return 200, {"full_name": self.name, "private": self.private}
            case ["GET", "pulls"]:
                branch = parse_qs(url.query)["head"][0].partition(":")[2]
                return 200, [pull for pull in self.pulls if pull["head"] == branch]
            case ["POST", "pulls"] if said["draft"] and not self.drafts:
                return 422, {"message": "Draft pull requests are not supported in this repository."}
            case ["POST", "pulls"] if self.bots_may_propose:
                number = len(self.pulls) + 1
                self.pulls.append(
                    said | {"number": number, "html_url": f"{self.url}/pull/{number}"}
                )
                return 201, self.pulls[-1]
            case ["POST", "pulls"]:
                return 403, {
                    "message": "GitHub Actions is not permitted to create or approve pull requests."
                }
            case ["PATCH", "pulls", number]:
                self.pulls[int(number) - 1] |= said
                return 200, self.pulls[int(number) - 1]
            case ["POST", "actions", "workflows", workflow, "dispatches"]:
                self.dispatched.append((workflow, said["ref"]))
                return 204, None
            case ["GET", *parts]:
                return self._run(parts, parse_qs(url.query))
        return 404, {"message": "Not Found"}

    def _run(self, parts: list[str], query: dict[str, list[str]]) -> tuple[int, Any]:
        """Answer what is asked of merges, of runs for pull requests, and of their artifacts."""
        heads = list(self.tested)
        match parts:
            case ["commits", sha, "pulls"]:
                known = self.merged.get(sha)
                pull = {"number": 1, "merged_at": "2026-01-02T03:04:05Z", "merge_commit_sha": sha}
                return 200, [pull | {"head": {"sha": known}, "base": {"ref": "main"}}] * bool(known)
            case ["actions", "runs"] if query["event"] == ["pull_request"]:
                found = [number for number, sha in enumerate(heads) if [sha] == query["head_sha"]]
                return 200, {"workflow_runs": [{"id": number} for number in found]}
            case ["actions", "runs", number, "artifacts"]:
                (name,) = query["name"]
                kept = (self.tested[heads[int(number)]] / name).is_dir()
                return 200, {"artifacts": [{"id": int(number), "expired": False}] * kept}
            case ["actions", "artifacts", number, "zip"]:
                return 200, _zipped(self.tested[heads[int(number)]] / "digests")
        return 404, {"message": "Not Found"}


def _zipped(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return data.getvalue()


@contextmanager
def repository(name: str, folder: Path) -> Iterator[Repository]:
    """Make an empty repository in *folder*, and answer for it until the block ends."""
    git = folder / f"{name.replace('/', '_')}.git"
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(git)], check=True
    )
    # GitHub lets one fetch any commit that a branch or a pull request has.
    subprocess.run(
        ["git", "-C", git, "config", "uploadpack.allowAnySHA1InWant", "true"], check=True
    )
    made = Repository(name, git)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            said = json.loads(self.rfile.read(length) or b"{}")
            path = re.sub(rf"^http://api\.{HOST}", "", self.path)
            status, body = made.answer(self.command, path, said)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            data = b"" if body is None else data
            self.send_response(status)
            kind = "zip" if isinstance(body, bytes) else "json"
            self.send_header("Content-Type", f"application/{kind}")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that the class looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
