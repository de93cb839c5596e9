"""What a command prints, on its way out: no fault of a sink, a pipe or an encoding changes what the command does.

A disk that is full or a reader that has gone away must not stop a command half-way, or make one that was done look like
one that was refused. So a write that fails is noted here and passed over, and the command goes on to its end. Then:

- the reader of a pipe has gone away (`annals events list | head -1`): that is no fault, and nothing is said;
- anything else: stderr says so and repeats what was lost of the answer, and a command that was done ends with 4;
  any other exit code stays as it is.

What an encoding cannot say is written as JSON writes it (`\\u00fc`), so JSON stays JSON. stderr is best effort.
"""

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO

ESCAPED = "annals-escaped"
MAX_REPEATED_BYTES = 16_384
STDOUT, STDERR = 1, 2

# A reader that is not there any more; on a socket it is a reset connection.
_READER_GONE = {errno.EPIPE, errno.ECONNRESET}


class Sink(io.RawIOBase):
    """A file descriptor to write to. No write raises; what could not be written is kept, within bounds."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.fault: OSError | None = None
        self.lost = b""
        self._descriptor = descriptor
        # Of a terminal that was closed one hears by an error that means something else of a disk.
        self._gone = _READER_GONE | ({errno.EIO} if os.isatty(descriptor) else set())

    @property
    def reader_is_gone(self) -> bool:
        """Whether nobody is there any more to read: a program that had enough, a terminal that was closed."""
        return self.fault is not None and self.fault.errno in self._gone

    def has_hung_up(self) -> bool:
        """Whether a reader has gone away since the last write."""
        ends = select.poll()
        ends.register(self._descriptor, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in ends.poll(0))

    def write(self, data: Any) -> int:
        """All of it, or as good as: the number of bytes given."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and not self.reader_is_gone:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # somebody has made the pipe a non-blocking one
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.fault = error
                self.lost += bytes(left[: MAX_REPEATED_BYTES - len(self.lost)])
                break
        return size

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


class Text(io.TextIOWrapper):
    """Text on a sink. Under ASCII it names another encoding: Typer takes ASCII for a mistake and writes UTF-8."""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # nobody assigns to it
        found = super().encoding
        return ESCAPED if codecs.lookup(found).name == "ascii" else found


_output: Sink | None = None


def guard() -> None:
    """Put the sinks behind `sys.stdout` and `sys.stderr`, for the rest of the process."""
    global _output  # noqa: PLW0603  # as there is one stdout
    codecs.register_error(ESCAPED, _escaped)
    for descriptor in (0, STDOUT, STDERR):
        _occupy(descriptor)
    _output = Sink(STDOUT)
    sys.stdout = _text(_output, sys.stdout)
    sys.stderr = _text(Sink(STDERR), sys.stderr)


def is_read() -> bool:
    """Whether what is printed still arrives: what would go on for ever stops when it does not."""
    return _output is None or (_output.fault is None and not _output.has_hung_up())


def ended(code: int, done: int, unwritten: int) -> int:
    """The exit code of a command that has ended with `code`: `unwritten` for one that is `done` and did not say so."""
    _quietly(sys.stdout.flush)
    if _output is None or _output.fault is None or _output.reader_is_gone:
        return code
    told = "what the command was to do is done" if code == done else "the exit code says what became of the command"
    lost = _output.lost.decode(errors="backslashreplace")
    print(
        f"The answer could not be written to stdout ({_output.fault.strerror}); {told}. "
        f"What could not be written:\n{lost}",
        file=sys.stderr,
    )
    _quietly(sys.stderr.flush)
    return unwritten if code == done else code


def _occupy(descriptor: int) -> None:
    """See that a closed descriptor is not taken by the next file or connection: it would get what is printed."""
    try:
        os.fstat(descriptor)
    except OSError:
        # Not to be written to, so that an answer which nobody can get is noticed; errors may go nowhere.
        taken = os.open(os.devnull, os.O_RDONLY if descriptor == STDOUT else os.O_RDWR)
        if taken != descriptor:
            os.dup2(taken, descriptor)
            os.close(taken)


def _text(sink: Sink, before: TextIO | None) -> Text:
    encoding = before.encoding if before is not None else "utf-8"
    return Text(io.BufferedWriter(sink), encoding=encoding, errors=ESCAPED, line_buffering=True)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """The characters that an encoding has not got, as JSON escapes them: those beyond the first plane as two halves."""
    assert isinstance(error, UnicodeEncodeError)
    found = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    halves = [found[place : place + 2].hex() for place in range(0, len(found), 2)]
    return "".join(f"\\u{half}" for half in halves), error.end


def _quietly(flush: Callable[[], Any]) -> None:
    try:
        flush()
    except (OSError, ValueError):  # somebody has closed it
        return
