"""What ``strata lock`` cannot do without: read specs, and solve each platform with rattler."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import yaml
from rattler import (
    BuildString,
    Channel,
    Client,
    Config,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    Version,
    solve,
)

_UNIX = {"__unix": ("0", "0")}
_LINUX = _UNIX | {"__linux": ("4.18", "0"), "__glibc": ("2.28", "0")}
_OSX = _UNIX | {"__osx": ("13.0", "0")}
VIRTUAL = {
    "linux-64": _LINUX | {"__archspec": ("1", "x86_64")},
    "osx-64": _OSX | {"__archspec": ("1", "x86_64")},
    "osx-arm64": _OSX | {"__archspec": ("1", "m1")},
    "win-64": {"__win": ("0", "0"), "__archspec": ("1", "x86_64")},
}


async def main() -> None:
    """Solve all platforms at once."""
    manifest = yaml.load(Path("environment.yml").read_bytes(), yaml.CSafeLoader)
    config = Config.load_from_default_locations("strata")
    cache = Path(os.environ["RATTLER_CACHE_DIR"]) / "repodata"
    gateway = Gateway.from_config(config, cache_dir=cache, client=Client.from_config(config))
    channels = [Channel(name) for name in manifest["channels"] if name != "nodefaults"]
    specs = [MatchSpec(text) for text in manifest["dependencies"]]
    solved = await asyncio.gather(
        *(
            solve(
                sources=channels,
                specs=specs,
                gateway=gateway,
                platforms=[subdir, "noarch"],
                virtual_packages=[
                    GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
                    for name, (version, build) in VIRTUAL[subdir].items()
                ],
            )
            for subdir in manifest["platforms"]
        )
    )
    print(*(len(records) for records in solved), flush=True)
    # As in strata: rattler's threads may outlive Python's finalization.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
