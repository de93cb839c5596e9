"""How much memory a process takes at most while a test does something."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

LOOK_INTERVAL_SECONDS = 0.002
MEBIBYTE = 1_048_576


class PeakMemory:
    """The resident memory of a process when the measuring begins, and the most since then, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self.before = self.peak = self._resident()

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

    @property
    def growth_mebibytes(self) -> float:
        return (self.peak - self.before) / MEBIBYTE

    def watch(self) -> None:
        """Look until `end`."""
        while not self._ended.wait(LOOK_INTERVAL_SECONDS):
            self.peak = max(self.peak, self._resident())

    def end(self) -> None:
        self._ended.set()


@contextmanager
def peak_memory(pid: int) -> Iterator[PeakMemory]:
    """Measures while the block runs."""
    peak = PeakMemory(pid)
    thread = threading.Thread(target=peak.watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak.end()
        thread.join()
