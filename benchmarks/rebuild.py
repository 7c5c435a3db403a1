"""One small package more: the rebuild, in layers and with one layer per environment.

Both ways have the same Dockerfile but for its COPY lines, and start from a builder whose cache is
dropped: only what the registry holds can be used again, as on a fresh CI machine.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import rig
from demo import image, surroundings
from demo.project import Project, generate

MORE = "rich"
_COPY = re.compile(r"COPY --link --from=env /layers/(\d\d)/ /\n")


@dataclass(frozen=True)
class Measured:
    """What a person waits for and what goes over the wire."""

    cold: float
    rebuild: float
    pushed: int
    total: int


def main() -> int:
    """Measure both ways in turn and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        here = surroundings.find(out / "wheels")
        if here.cloud is None or not here.own_docker:
            print("this needs a Docker daemon of the rig's own, whose cache may be dropped")
            return 1
        rows = {
            "one layer per environment": measure(out, "one-layer", here, here.cloud, single=True),
            "96 layers": measure(out, "layered", here, here.cloud, single=False),
        }
    print(f"\nadd {MORE!r}, dev and runtime image, builder pruned, registry cache only\n")
    print(f"{'':<28}{'cold s':>8}{'rebuild s':>11}{'pushed MB':>11}{'of MB':>8}")
    for name, row in rows.items():
        sizes = f"{row.pushed / 1e6:>11.2f}{row.total / 1e6:>8.0f}"
        print(f"{name:<28}{row.cold:>8.1f}{row.rebuild:>11.1f}{sizes}")
    one, many = rows.values()
    print(f"\nbytes pushed  {one.pushed / many.pushed:8.1f} × fewer")
    print(f"seconds       {one.rebuild / many.rebuild:8.1f} × faster")
    print(f"cold build    {many.cold / one.cold:8.2f} × the time of one layer")
    return 0


def measure(
    out: Path, name: str, here: surroundings.Surroundings, cloud: image.Cloud, *, single: bool
) -> Measured:
    """Build a project cold, add a package, and build it again from the registry's cache."""
    project = generate(out, {**here.answers, "project_slug": name, "package_name": "study"})
    if single:
        _one_layer_each(project)
    project.strata("lock", *here.platforms)
    references = [f"{project.image}:{target}" for target in image.TARGETS]
    image.forget(references)
    cold = image.bake(project.folder, cloud, cache=False)
    before = _blobs(references)
    project.add_dependency(MORE)
    project.strata("lock", *here.platforms)
    image.forget(references)
    again = image.bake(project.folder, cloud)
    after = _blobs(references)
    pushed = sum(size for digest, size in after.items() if digest not in before)
    return Measured(cold.seconds, again.seconds, pushed, sum(after.values()))


def _blobs(references: list[str]) -> dict[str, int]:
    return {digest: size for ref in references for digest, size in image.blobs(ref).items()}


def _one_layer_each(project: Project) -> None:
    """Turn the Dockerfile into one that copies each environment as a single layer."""
    dockerfile = project.folder / ".devcontainer" / "Dockerfile"
    text = _COPY.sub(
        lambda line: {"00": line[0], "64": line[0].replace("64", "01")}.get(line[1], ""),
        dockerfile.read_text("utf-8"),
    )
    text = text.replace("--out /layers", "--out /layers --max-layers 2")
    dockerfile.write_text(text, "utf-8")


if __name__ == "__main__":
    code = main()
    rig.down()
    sys.exit(code)
