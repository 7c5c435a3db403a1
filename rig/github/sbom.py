"""List the packages of an image, as SPDX: ``python -m rig.packages IMAGE``."""

from __future__ import annotations

import json
import subprocess
import sys

LIST = """
for file in /opt/env/conda-meta/*.json; do
    echo "conda $(basename "$file" .json)"
done
dpkg-query --show --showformat='deb ${Package} ${Version}\\n'
"""


def main(image: str) -> None:
    """Print the document."""
    command = ["docker", "run", "--rm", "--entrypoint", "sh", image, "-c", LIST]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    packages = []
    for line in listed.splitlines():
        kind, _, rest = line.partition(" ")
        name, version = rest.split(" ") if kind == "deb" else rest.rsplit("-", 2)[:2]
        packages.append({"SPDXID": f"SPDXRef-{kind}-{name}", "name": name, "versionInfo": version})
    json.dump({"spdxVersion": "SPDX-2.3", "name": image, "packages": packages}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
