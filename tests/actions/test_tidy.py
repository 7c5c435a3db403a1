"""The action ``tidy``: of the project's images on ghcr.io, only what nobody needs is deleted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.packages_server import OLD, TOKEN, YOUNG, Packages
from tests.template.conftest import TEMPLATE

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def packages() -> Iterator[Packages]:
    made = Packages()
    with made.serving():
        yield made


@pytest.fixture
def tidy(packages: Packages, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(
        name: str = "ghcr.io/octo/study", settings: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        text = f'[tool.strata.image]\nname = "{name}"\n{settings}'
        (tmp_path / "pyproject.toml").write_text(text)
        return subprocess.run(
            [sys.executable, TEMPLATE / ".github/actions/tidy/tidy.py"],
            cwd=tmp_path,
            env={
                "DAYS": "90",
                "DRY_RUN": "false",
                "GITHUB_API_URL": f"{packages.address}/api",
                "GITHUB_REPOSITORY": "Octo/study",
                "KEEP_ATTESTED": "true",
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
                "REGISTRY_URL": packages.address,
                "TOKEN": TOKEN,
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


Tidy = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str], packages: Packages, reason: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("::error title=Nothing is deleted::")
    assert len(done.stderr.splitlines()) == 1
    assert reason in done.stderr
    assert not packages.deleted
    assert not [method for method, _ in packages.asked if method != "GET"]


@pytest.mark.parametrize("kind", ["User", "Organization"])
def test_what_only_its_content_names_is_deleted(packages: Packages, tidy: Tidy, kind: str) -> None:
    packages.kind = kind
    kept = [
        packages.image("dev", f"dev-{KEY}"),
        packages.image("v1.0", f"runtime-{KEY}"),
        packages.image("of-a-colleague"),
        packages.image(f"dev-{OTHER}", when=YOUNG),
        packages.image(f"other-{KEY}"),
        packages.image(f"dev-{KEY}0"),
    ]
    packages.image(f"runtime-{OTHER}")
    packages.image(f"dev-base-{OTHER}", layers=["no-longer", "used"])
    packages.image()
    done = tidy()
    assert (done.returncode, done.stderr) == (0, "")
    assert packages.left == kept
    assert "| deleted | 3 |" in done.stdout
    assert f"`runtime-{OTHER}`" in done.stdout
    assert tidy().returncode == 0
    assert packages.left == kept


def test_the_project_says_how_its_images_are_called(packages: Packages, tidy: Tidy) -> None:
    gone = [packages.image(f"gpu-{KEY}"), packages.image(f"gpu-base-{KEY}")]
    kept = packages.image(f"dev-{OTHER}")
    assert tidy(settings='targets = { gpu = "default" }\n').returncode == 0
    assert packages.left == [kept]
    assert gone


def test_parts_of_an_index_stay(packages: Packages, tidy: Tidy) -> None:
    """Images of several platforms, and one in which another index is a part."""
    intel, arm = packages.image(), packages.image()
    inner = packages.index(of=[intel, arm])
    outer = packages.index("latest", of=[inner])
    gone = [packages.image(), packages.image()]
    packages.index(f"dev-{OTHER}", of=gone)
    numbers = [one["id"] for one in packages.versions if one["name"] in gone]
    done = tidy()
    assert done.returncode == 0, done.stderr
    assert set(packages.left) == {intel, arm, inner, outer}
    assert packages.deleted[1:] == numbers, "the index goes before its parts"


def test_part_that_somebody_deleted_is_no_matter(packages: Packages, tidy: Tidy) -> None:
    packages.index("latest", of=[f"sha256:{'0' * 64}"])
    packages.image()
    assert tidy().returncode == 0
    assert len(packages.left) == 1


def test_what_is_attested_stays_with_its_attestations(packages: Packages, tidy: Tidy) -> None:
    """As registries without referrers have them, behind a tag, and as others do."""
    image, other = packages.image(f"dev-{KEY}"), packages.image(f"runtime-{KEY}")
    statement = packages.about(image)
    behind = packages.index(f"sha256-{image.removeprefix('sha256:')}", of=[statement])
    direct = packages.about(other, tag=1)
    packages.about(f"sha256:{'0' * 64}")
    packages.index(f"sha256-{'0' * 64}", of=[])
    done = tidy()
    assert done.returncode == 0, done.stderr
    assert set(packages.left) == {image, other, statement, behind, direct}
    assert tidy(KEEP_ATTESTED="false").returncode == 0
    assert packages.left == []


def test_attestations_of_named_images_stay(packages: Packages, tidy: Tidy) -> None:
    image = packages.image("dev")
    kept = {image, packages.about(image), packages.add(f"sha256-{image[7:]}.sig")}
    packages.image()
    assert tidy(KEEP_ATTESTED="false").returncode == 0
    assert set(packages.left) == kept


def test_bases_of_images_stay(packages: Packages, tidy: Tidy) -> None:
    """What the next image is built on, of one platform and of several."""
    image = packages.image("dev", layers=["debian", "apt", "packages"])
    base = packages.image(f"dev-base-{KEY}", layers=["debian", "apt"])
    part = packages.image(layers=["debian"])
    index = packages.index(f"runtime-base-{KEY}", of=[part])
    packages.image(f"dev-base-{OTHER}", layers=["debian", "older"])
    packages.image(f"runtime-{KEY}", layers=["debian"])
    assert tidy().returncode == 0
    assert packages.left == [image, base, part, index]


def test_dry_run_says_what_it_would_delete(packages: Packages, tidy: Tidy) -> None:
    packages.image("dev")
    gone = packages.image(f"dev-{OTHER}")
    done = tidy(DRY_RUN="true")
    assert done.returncode == 0
    assert f"| `{gone}` | `dev-{OTHER}` | 2024-01-02 |" in done.stdout
    assert "| nobody needs, and a dry run keeps | 1 |" in done.stdout
    assert len(packages.left) == 2
    assert {method for method, _ in packages.asked} == {"GET"}


def test_long_lists_are_read_to_their_end(packages: Packages, tidy: Tidy) -> None:
    packages.tags_in_a_page = 40
    kept = [packages.image(f"v{number}") for number in range(150)]
    for _ in range(203):
        packages.image()
    done = tidy()
    assert done.returncode == 0, done.stderr
    assert "| deleted | 200 |" in done.stdout
    assert "| left for the next run | 3 |" in done.stdout
    assert packages.left[:150] == kept
    assert tidy().returncode == 0
    assert packages.left == kept


def _fails(status: int, part: str) -> Callable[[str, str], tuple[int, Any] | None]:
    body = {"message": "no"}
    return lambda _, path: (status, body) if part in path else None


def _says(body: Any, part: str) -> Callable[[str, str], tuple[int, Any] | None]:
    return lambda _, path: (200, body) if part in path else None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_fails(403, "/api/users/octo"), "403"),
        (_fails(500, "page=2"), "500"),
        (_fails(404, "/versions?"), "404"),
        (_fails(403, "/container/study"), "403"),
        (_fails(401, "/token"), "401"),
        (_fails(403, "/tags/list"), "403"),
        (_fails(404, "/manifests/"), "404"),
        (_fails(302, "/versions?"), "302"),
        (_says({}, "/api/users/octo"), "not understood"),
        (_says({"type": "Bot"}, "/api/users/octo"), "not understood"),
        (_says({"message": "x"}, "/versions?"), "no list"),
        (_says([{"id": 1}], "/versions?"), "not understood"),
        (_says(["x"], "page=2"), "not understood"),
        (_says(b"<html>", "/versions?"), "not understood"),
        (_says(b"[" * 100_000, "/versions?"), "not understood"),
        (_says(b" " * 9_000_000, "/versions?"), "too large"),
        (_says([], "/versions?"), "does not list the version with the tag dev"),
        (_says({"tags": ["../x"]}, "/tags/list"), "not understood"),
        (_says({}, "/token"), "not understood"),
        (_says({"tags": ["dev"]}, "/manifests/"), "other bytes"),
    ],
)  # fmt: skip
def test_what_is_not_known_for_sure_deletes_nothing(
    packages: Packages,
    tidy: Tidy,
    change: Callable[[str, str], tuple[int, Any] | None],
    reason: str,
) -> None:
    packages.image("dev")
    packages.image()
    packages.change = change
    refused(tidy(), packages, reason)


def test_server_that_is_not_there_deletes_nothing(packages: Packages, tidy: Tidy) -> None:
    refused(tidy(GITHUB_API_URL="http://127.0.0.1:9"), packages, "refused")


def test_list_that_lacks_a_page_deletes_nothing(packages: Packages, tidy: Tidy) -> None:
    """The registry knows a tag, or an index a part, that GitHub does not list."""
    for _ in range(100):
        packages.image()
    part = packages.image()
    packages.change = _says([], "page=2")
    packages.versions[0]["metadata"]["container"]["tags"] = ["v1"]
    packages.index("v2", of=[part])
    refused(tidy(), packages, "does not list the version with the tag v2")
    index = packages.versions.pop()
    packages.versions[1] = index
    refused(tidy(), packages, f"does not list {part}")


def test_list_that_changes_while_it_is_read_deletes_nothing(packages: Packages, tidy: Tidy) -> None:
    """A new version shifts the pages, and the last of one is the first of the next."""
    for _ in range(101):
        packages.image()

    def shift(_: str, path: str) -> None:
        if "page=2" in path:
            packages.versions.insert(0, packages.versions[100])

    packages.change = shift
    refused(tidy(), packages, "changed while it was read")


def test_version_that_gets_a_tag_meanwhile_stops_it(packages: Packages, tidy: Tidy) -> None:
    """A run on main may take up an old image just now; what is left waits for the next run."""
    gone, taken, later = (packages.image(f"dev-{n}{KEY[1:]}") for n in range(3))

    def tag(method: str, _: str) -> None:
        if method == "DELETE":
            packages.versions[1]["metadata"]["container"]["tags"].append("dev")

    packages.change = tag
    done = tidy()
    assert done.returncode == 1
    assert "::error title=Tidying stopped::" in done.stderr
    assert "| deleted | 1 |" in done.stdout
    assert packages.left == [taken, later]
    assert gone not in packages.left


def test_what_github_keeps_is_said(packages: Packages, tidy: Tidy) -> None:
    """A public version with more than 5,000 downloads stays; the others go."""
    often, _ = packages.image(), packages.image()
    number = str(packages.versions[0]["id"])
    packages.change = lambda method, path: (
        (400, {"message": "downloads"}) if method == "DELETE" and path.endswith(number) else None
    )
    done = tidy()
    assert done.returncode == 0
    assert packages.left == [often]
    assert "| kept by GitHub, because of many downloads | 1 |" in done.stdout


def test_deletion_that_fails_stops_it(packages: Packages, tidy: Tidy) -> None:
    for _ in range(3):
        packages.image()
    packages.change = lambda method, _: (403, {}) if method == "DELETE" else None
    done = tidy()
    assert done.returncode == 1
    assert "403" in done.stderr
    assert len([method for method, _ in packages.asked if method == "DELETE"]) == 1


@pytest.mark.parametrize("name", ["ghcr.io/somebody/study", "ghcr.io/octo", "ghcr.io/octo/"])
def test_other_owners_are_not_touched(packages: Packages, tidy: Tidy, name: str) -> None:
    done = tidy(name)
    assert done.returncode == 0
    assert f"{name} is not of the owner of Octo/study: nothing is deleted" in done.stdout
    assert not packages.asked


@pytest.mark.parametrize("days", ["0", "6", "-90", "soon", ""])
def test_days_are_a_week_or_more(packages: Packages, tidy: Tidy, days: str) -> None:
    refused(tidy(DAYS=days), packages, "")
    assert not packages.asked


def test_other_registries_are_left_alone(packages: Packages, tidy: Tidy) -> None:
    done = tidy("docker.io/octo/study")
    assert done.returncode == 0
    assert "docker.io/octo/study is not on ghcr.io" in done.stdout
    assert not packages.asked


def test_before_the_first_push_there_is_nothing_to_do(packages: Packages, tidy: Tidy) -> None:
    done = tidy()
    assert done.returncode == 0
    assert "there is no package ghcr.io/octo/study yet" in done.stdout
    assert not packages.deleted


def test_dates_decide(packages: Packages, tidy: Tidy) -> None:
    packages.image(when=OLD)
    packages.versions[0]["created_at"] = YOUNG
    assert tidy().returncode == 0
    assert len(packages.left) == 1
