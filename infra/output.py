"""The standard output of a command: no error of a disk, a pipe or an encoding changes what the command does.

A full disk or a closed pipe must not stop a command half-way, or make a finished command look like a refused one. So a
failed write is recorded here, and the command continues to its end. Then:

- if the reader of a pipe is gone (`annals events list | head -1`), that is no error and nothing is printed;
- otherwise stderr says so and repeats the part of the answer that was lost, and a finished command ends with 4; any
  other exit code stays.

A character that the encoding lacks is written as JSON escapes it (`\\u00fc`), so JSON stays JSON. So is a control
character, which may be in anything that others have sent (control_characters.py); our own colours are kept on a
terminal. stderr is best effort.
"""

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TextIO

from infra.control_characters import in_lines

ESCAPED = "annals-escaped"
MAX_REPEATED_BYTES = 16_384
STDOUT, STDERR = 1, 2

# The reader is gone; on a socket the connection was reset.
_READER_GONE = {errno.EPIPE, errno.ECONNRESET}


class Sink(io.RawIOBase):
    """A file descriptor to write to. No write raises; the bytes that could not be written are kept, within a bound."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.fault: OSError | None = None
        self.lost = b""
        self._descriptor = descriptor
        # A closed terminal is reported by an error that has another meaning for a disk.
        self._gone = _READER_GONE | ({errno.EIO} if os.isatty(descriptor) else set())

    @property
    def reader_is_gone(self) -> bool:
        """Whether the reader is gone: a program that has ended, or a closed terminal."""
        return self.fault is not None and self.fault.errno in self._gone

    def has_hung_up(self) -> bool:
        """Whether the reader has gone away since the last write."""
        ends = select.poll()
        ends.register(self._descriptor, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in ends.poll(0))

    def write(self, data: Any) -> int:
        """Write as much as possible; always returns the number of bytes that were given."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and not self.reader_is_gone:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # another process has made the pipe non-blocking
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
    """Text on a sink. Under ASCII it reports another encoding, because Typer would replace ASCII by UTF-8."""

    def write(self, text: str) -> int:
        """Write the text with control characters escaped; returns how long it was."""
        super().write(in_lines(text, may_have_colours=self.isatty()))
        return len(text)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # no caller assigns to it
        encoding = super().encoding
        return ESCAPED if codecs.lookup(encoding).name == "ascii" else encoding


_output: Sink | None = None


def guard() -> None:
    """Put the sinks behind `sys.stdout` and `sys.stderr`, for the rest of the process."""
    global _output  # noqa: PLW0603  # there is one stdout
    codecs.register_error(ESCAPED, _escaped)
    for descriptor in (0, STDOUT, STDERR):
        _occupy(descriptor)
    _output = Sink(STDOUT)
    sys.stdout = _text(_output, sys.stdout)
    sys.stderr = _text(Sink(STDERR), sys.stderr)


def undisguised(stream: TextIO) -> TextIO:
    """The stream for a program part that moves the cursor itself, such as a progress bar. What others have sent must
    not be written to it.
    """
    return _undisguised(stream) if isinstance(stream, Text) else stream


@cache  # one that is collected would close the buffer, which is the stream's
def _undisguised(stream: Text) -> TextIO:
    return io.TextIOWrapper(stream.buffer, encoding=stream.encoding, errors=ESCAPED, line_buffering=True)


def is_read() -> bool:
    """Whether printed text still arrives; an endless command stops when it does not."""
    return _output is None or (_output.fault is None and not _output.has_hung_up())


def ended(code: int, done: int, unwritten: int) -> int:
    """The exit code of a command that ended with `code`: `unwritten` if it is `done` and its answer was lost."""
    _quietly(sys.stdout.flush)
    if _output is None or _output.fault is None or _output.reader_is_gone:
        return code
    result = "what the command was to do is done" if code == done else "the exit code says what became of the command"
    lost = _output.lost.decode(errors="backslashreplace")
    print(
        f"The answer could not be written to stdout ({_output.fault.strerror}); {result}. "
        f"What could not be written:\n{lost}",
        file=sys.stderr,
    )
    _quietly(sys.stderr.flush)
    return unwritten if code == done else code


def _occupy(descriptor: int) -> None:
    """Occupy a closed descriptor, or the next file or connection would get its number and receive the output."""
    try:
        os.fstat(descriptor)
    except OSError:
        # stdout is opened for reading only, so that writing an answer to it fails and is noticed; errors may be lost.
        opened = os.open(os.devnull, os.O_RDONLY if descriptor == STDOUT else os.O_RDWR)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)


def _text(sink: Sink, before: TextIO | None) -> Text:
    encoding = before.encoding if before is not None else "utf-8"
    return Text(io.BufferedWriter(sink), encoding=encoding, errors=ESCAPED, line_buffering=True)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that the encoding lacks by JSON escapes; those beyond the first plane by surrogate pairs."""
    assert isinstance(error, UnicodeEncodeError)
    encoded = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    halves = [encoded[start : start + 2].hex() for start in range(0, len(encoded), 2)]
    return "".join(f"\\u{half}" for half in halves), error.end


def _quietly(flush: Callable[[], Any]) -> None:
    try:
        flush()
    except (OSError, ValueError):  # it is closed
        return
