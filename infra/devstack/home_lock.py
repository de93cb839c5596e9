"""The lock that gives a home one owner at a time.

The lock is `flock`: the kernel releases it however its holder dies, so a crash never leaves a home locked.
"""

import fcntl
import os
from typing import IO

from infra.devstack.errors import HomeInUse
from infra.home import Home


class HomeLock:
    """The right to run the servers of a home. A second process gets `HomeInUse`, which names the owner's pid."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file: IO[str] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Acquires the lock at once or raises `HomeInUse`; a second call on the same object changes nothing."""
        if self._file is not None:
            return
        path = self._home.folder("run") / "up.lock"
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise HomeInUse(self._home.path, self.holder()) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Releases the lock; harmless when it is not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """The pid that the last owner wrote, if the file has one."""
        try:
            text = (self._home.path / "run" / "up.lock").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else None
