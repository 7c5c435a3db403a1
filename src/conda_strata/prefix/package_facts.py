"""What is known of a package once the gate has let it pass."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

RULES = 1
"""To be raised with every change of what is refused, so that all packages are looked at again."""


@dataclass(frozen=True)
class Facts:
    """What one package brings, as far as others can be harmed by it.

    Attributes
    ----------
    folders
        All folders that its files are in, as the package names them.
    links
        Symbolic links that do not point to a file of the package: path to target.
    scripts
        Its post-link scripts.
    noarch
        Whether its ``site-packages`` and ``python-scripts`` are mapped to those of a Python.
    """

    folders: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    noarch: bool = False

    def remembered(self) -> object:
        """Return them as JSON has them."""
        return asdict(self)

    @classmethod
    def recalled(cls, stored: object) -> Facts | None:
        """Return them from JSON; None when that was written by something else."""
        if not isinstance(stored, dict) or stored.keys() != cls.__dataclass_fields__.keys():
            return None
        kinds = {"folders": list, "links": dict, "scripts": list, "noarch": bool}
        return cls(**stored) if all(type(stored[k]) is kinds[k] for k in kinds) else None
