"""argon2id by argon2-cffi, in a small pool of threads: a hash takes some 50 ms and 64 MiB, and must not block the loop.

The pool and its queue are bounded, so that a flood of passwords is rejected instead of exhausting memory and time.
Nothing here logs, and no error contains a password.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from workers.ports.commands import Overloaded

THREADS = 2
MAX_WAITING = 64


class Argon2Passwords:
    """`Passwords` with the low-memory parameters of RFC 9106 (64 MiB, 3 passes, 4 lanes)."""

    def __init__(self, threads: int = THREADS, max_waiting: int = MAX_WAITING) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._limit = threads + max_waiting
        self._in_progress = 0

    async def hashed(self, password: str, salt: bytes | None = None) -> str:
        if self._in_progress >= self._limit:
            raise Overloaded("password hashes", self._limit)
        self._in_progress += 1
        hash_password = partial(self._hasher.hash, password, salt=salt)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, hash_password)
        finally:
            self._in_progress -= 1

    def close(self) -> None:
        """Cancel what waits; hashes in progress finish by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
