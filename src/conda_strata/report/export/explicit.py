"""The ``@EXPLICIT`` file of conda, mamba and micromamba: URLs of one platform, and no solve.

The hash behind each URL is MD5. conda and newer mambas take ``#sha256:HEX`` as well (CEP 23,
https://github.com/conda/ceps/blob/main/cep-0023.md), but mamba 1 takes whatever follows ``#`` for
an MD5 sum, so MD5 is what all of them check (``parse_urls_to_package_info`` in its
``libmamba/src/api/install.cpp``). SHA-256 is used where a package has no MD5.
"""

from __future__ import annotations

from conda_strata.lock.model import Lock
from conda_strata.report.export import in_order, public_url


def render(lock: Lock, environment: str, subdir: str) -> str:
    """Return the file for *environment* on *subdir*.

    Wheels have no place among its URLs. They follow as comments, ``# pip NAME @ URL``, as
    conda-lock writes them and its ``install`` reads them.

    Raises
    ------
    UsageError
        When the lock has no such environment.
    WrongPlatformError
        When the lock does not cover *subdir*.
    """
    lines = [
        "# Made by 'strata export'. To install it with conda, mamba or micromamba:",
        "#   conda create --name NAME --file THIS_FILE",
        f"# platform: {subdir}",
        "@EXPLICIT",
    ]
    for record in in_order(lock.records(environment, subdir)):
        checksum = ""
        if record.md5:
            checksum = f"#{record.md5.hex()}"
        elif record.sha256:
            checksum = f"#sha256:{record.sha256.hex()}"
        lines.append(public_url(record.url) + checksum)
    for wheel in lock.wheels_of(environment, subdir):
        checksum = f"#sha256={wheel.sha256}" if wheel.sha256 else ""
        lines.append(f"# pip {wheel.name} @ {public_url(wheel.url)}{checksum}")
    return "\n".join(lines) + "\n"
