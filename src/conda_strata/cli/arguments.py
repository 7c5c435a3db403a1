"""What was parsed, with types: argparse's own namespace has any name, of any type."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Kind = TypeVar("Kind", bound=DataclassInstance)


def typed(kind: type[Kind], namespace: argparse.Namespace, besides: Collection[str] = ()) -> Kind:
    """Return the arguments of a command.

    Parameters
    ----------
    kind
        The dataclass that they fill.
    namespace
        As it was parsed.
    besides
        Names in it that are no argument of the command.

    Raises
    ------
    TypeError
        When an option has no field, or a field no option: a mistake of the command.
    """
    found = {name: value for name, value in vars(namespace).items() if name not in besides}
    declared = {field.name for field in fields(kind)}
    if found.keys() != declared:
        odd = ", ".join(sorted(found.keys() ^ declared))
        raise TypeError(f"{kind.__module__}: options and fields differ: {odd}")
    return kind(**found)
