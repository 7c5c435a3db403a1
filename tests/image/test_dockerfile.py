"""A Dockerfile, as far as it decides what a base image is made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_strata.core.errors import ManifestError
from conda_strata.image import dockerfile
from conda_strata.image.dockerfile import Dockerfile


def read(tmp_path: Path, text: str, **arguments: str) -> Dockerfile:
    file = tmp_path / "Dockerfile"
    file.write_text(text)
    return dockerfile.read(file, arguments)


def one(tmp_path: Path, *lines: str) -> tuple[list[str], list[str]]:
    """Return the files and the other images of a stage of these lines."""
    found = read(tmp_path, "\n".join(["ARG V=9", "FROM debian AS x", *lines, "LABEL a=b"]))
    (stage,) = found.stages
    return stage.files, stage.others


FILES = {
    "COPY a b /srv/": ["a", "b"],
    "copy a /srv/": ["a"],
    "ADD a https://example.org/x.tar /srv/": ["a"],
    'COPY ["a b", "c", "/srv/"]': ["a b", "c"],
    'COPY "a b" /srv/': ["a b"],
    "COPY --chown=1:1 --link a /srv/": ["a"],
    "COPY a \\\n  # why\n  b \\\n /srv/": ["a", "b"],
    "COPY <<EOF /x\nCOPY not this\nEOF": [],
    "COPY <<'EOF' /x\nCOPY not this\nEOF\nCOPY a /x": ["a"],
    "COPY <<-EOF /x\n\tCOPY not this\n\tEOF\nCOPY a /x": ["a"],
    "COPY --from=image a /x": [],
    "# COPY a /x": [],
    "RUN echo a \\\n COPY b /c": [],
    "RUN --mount=target=/x echo": ["."],
    "RUN --mount=type=bind,target=/x echo": ["."],
    "RUN --mount=type=bind,source=a,target=/x echo": ["a"],
    "RUN --mount=src=a,target=/x --mount=source=b,target=/y echo": ["a", "b"],
    "RUN --mount=type=cache,target=/x,source=a echo": [],
    "RUN --mount=type=secret,id=x echo": [],
    "RUN <<EOF\nCOPY not this\nEOF\nCOPY a /x": ["a"],
    "WORKDIR /x": [],
    "ENTRYPOINT [\"a\", \"b\"]": [],
    "COPY 'a /x": ["'a"],
}  # fmt: skip
OTHERS = {
    "COPY --from=image:1 a /x": ["image:1"],
    "ADD --from=image:$V a /x": ["image:9"],
    "RUN --mount=from=tools,target=/x echo": ["tools"],
    "RUN --mount=type=bind,from=tools:${V},source=a,target=/x echo": ["tools:9"],
    "COPY a /x": [],
    "RUN --network=none echo --from=x": [],
}


@pytest.mark.parametrize(("line", "files"), FILES.items(), ids=FILES)
def test_the_files_that_a_stage_copies(tmp_path: Path, line: str, files: list[str]) -> None:
    assert one(tmp_path, line)[0] == files


@pytest.mark.parametrize(("line", "others"), OTHERS.items(), ids=OTHERS)
def test_the_images_that_a_stage_copies_from(tmp_path: Path, line: str, others: list[str]) -> None:
    assert one(tmp_path, line)[1] == others


NAMES = {
    "debian": "debian",
    "--platform=$BUILDPLATFORM debian:12": "debian:12",
    "debian:$A": "debian:1",
    "debian:${A}": "debian:1",
    "debian:${B:-2}": "debian:2",
    "debian:${B-2}": "debian:2",
    "debian:${A:-2}": "debian:1",
    "$C/debian": "ghcr.io/debian",
    "debian$B": "debian",
    "debian:$D": "debian:",
}


@pytest.mark.parametrize(("said", "image"), NAMES.items(), ids=NAMES)
def test_arguments_stand_in_names(tmp_path: Path, said: str, image: str) -> None:
    text = f"ARG A=1\nARG B\nARG C=docker.io\nFROM {said} AS x\nARG D=4\nFROM b AS y"
    found = read(tmp_path, text, C="ghcr.io", X="y")
    assert (found.stages[0].below, found.stages[0].name, found.stages[0].line) == (image, "x", 4)
    assert (found.stages[1].below, found.stages[1].line) == ("b", 6)


STAGES = """\
FROM debian AS start
FROM python AS tools
COPY a /
FROM start AS dev-base
COPY --from=tools /a /
COPY --from=ghcr.io/x/y:1 /b /
FROM dev-base AS dev
FROM alpine AS unrelated
FROM debian AS debian
FROM start
FROM scratch AS runtime
COPY --from=later /a /
FROM python AS later
"""


def needed(found: Dockerfile, name: str) -> list[str]:
    (stage,) = (s for s in found.stages if s.name == name)
    return [s.name for s in found.needed(stage)]


def test_a_stage_needs_those_that_it_names_before_it(tmp_path: Path) -> None:
    found = read(tmp_path, STAGES)
    assert needed(found, "dev-base") == ["start", "tools", "dev-base"]
    assert needed(found, "dev") == ["start", "tools", "dev-base", "dev"]
    assert needed(found, "debian") == ["debian"]
    assert needed(found, "runtime") == ["runtime"]


def test_images_of_a_stage_have_the_one_below_first(tmp_path: Path) -> None:
    found = read(tmp_path, STAGES)
    stages = {s.name: s for s in found.stages}
    assert found.images(stages["dev"]) == ["debian", "python", "ghcr.io/x/y:1"]
    assert found.images(stages["tools"]) == ["python"]
    assert found.images(stages["runtime"]) == []
    assert found.image_below(stages["dev"]) == "debian"
    assert found.image_below(stages["debian"]) == "debian"
    assert found.stages[6].name == ""


def test_the_last_stage_of_a_name_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "FROM a AS x\nFROM b AS x\nFROM x AS y\n")
    assert found.image_below(found.stages[2]) == "b"


def test_the_stage_below_an_environment(tmp_path: Path) -> None:
    found = read(tmp_path, STAGES)
    assert found.base_stage("dev").name == "dev-base"
    assert found.base_stage("runtime").name == "runtime"
    with pytest.raises(ManifestError, match="no stage is called devel-base or devel") as refused:
        found.base_stage("devel")
    assert "'dev-base'" in refused.value.fix
    with pytest.raises(ManifestError) as refused:
        found.base_stage("zzzzzzzz")
    assert "Did you mean" not in refused.value.fix


REFUSED = {
    "no stage": ("RUN x\n", "no stage"),
    "nothing": ("", "no stage"),
    "no image": ("# x\nFROM\n", "Dockerfile:2: FROM names no image"),
    "an option alone": ("FROM --platform=x\n", "FROM names no image"),
    "too long": ("FROM debian\n" + "#" * 200_000, "longer than 200,000"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_dockerfile_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        read(tmp_path, text)


def test_an_argument_without_a_name_names_nothing(tmp_path: Path) -> None:
    assert [x.below for x in read(tmp_path, "ARG\nFROM debian AS x\nARG\n").stages] == ["debian"]


def test_as_long_as_it_may_be(tmp_path: Path) -> None:
    found = read(tmp_path, "FROM debian\n".ljust(200_000, "#"))
    assert (found.file, len(found.text)) == (tmp_path / "Dockerfile", 200_000)
