"""How a path is written on a screen, in a log or in JSON: with every character that a folder's name may have."""

import os
from pathlib import Path


def shown(path: Path) -> str:
    """The path as text that any output takes: control characters and bytes that are no UTF-8 as backslash escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
