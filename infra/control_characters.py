"""Makes text of others harmless for a terminal: control characters are written as JSON escapes them (`\\u001b`).

A path, a header, a key or an e-mail address that somebody sends may have an escape sequence in it, which would move the
cursor, hide lines, or put text into the clipboard of whoever reads the log. Characters that turn the direction of
writing or end a line only for some readers are escaped too. In JSON the escape stands for the character, so JSON stays
what it was. Everything that is logged goes through here (telemetry/logs.py), and everything that a command prints
(output.py).
"""

import re

_LINES = "\n\t"
# C0, DEL and C1; the separators of lines and paragraphs; marks, embeddings and isolates of direction.
_CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_ALL = re.compile(f"[{_CONTROLS}]")
_BUT_LINES = re.compile(f"(?![{_LINES}])[{_CONTROLS}]")
# What our own output is coloured with: bold, dim, colours of letters, and their end. No code that hides or moves.
_BUT_LINES_AND_COLOURS = re.compile(rf"(?![{_LINES}])(?!\x1b\[(?:0|1|2|3[1-6])m)[{_CONTROLS}]")


def in_one_line(text: str) -> str:
    """The text without any control character; what was several lines is one."""
    return _ALL.sub(_escape, text)


def in_lines(text: str, *, may_have_colours: bool = False) -> str:
    """The text with no control characters but ends of lines and tabulators. `may_have_colours` leaves our own colours:
    a text of others can then be coloured, and no more.
    """
    return (_BUT_LINES_AND_COLOURS if may_have_colours else _BUT_LINES).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
