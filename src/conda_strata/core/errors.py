"""What can go wrong for a user: each kind owns its exit code.

The exit codes are part of the command contract: 1 out of date or different, 2 usage, 3 bad manifest
or lock, 4 unsatisfiable, 5 wrong platform, 6 network or corrupt download.
"""


class StrataError(Exception):
    """A failure that a user can fix.

    Parameters
    ----------
    what
        What happened, naming the file (and line) or the package it happened to.
    fix
        What to do about it: a command where there is one.
    """

    exit_code = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class OutOfDateLockError(StrataError):
    """The lock is missing, or does not satisfy the manifest."""

    exit_code = 1


class UsageError(StrataError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class ManifestError(StrataError):
    """An environment file cannot be understood."""

    exit_code = 3


class LockError(StrataError):
    """A lock file cannot be understood."""

    exit_code = 3


class UnsatisfiableError(StrataError):
    """No set of packages fulfils the manifest."""

    exit_code = 4


class WrongPlatformError(StrataError):
    """The lock has nothing for the platform asked for."""

    exit_code = 5


class NetworkError(StrataError):
    """A channel could not be read, or a download is not what the lock says it is."""

    exit_code = 6


class PackageError(StrataError):
    """A package holds what no package may hold: it is refused before anything of it is linked."""

    exit_code = 6
