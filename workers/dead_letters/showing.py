"""What of a dead letter's content may be seen without being asked for: all but secrets.

A command may carry a password's hash, and a broken client may have put a password anywhere. So what is named like a
secret is masked, and what cannot be taken apart is shown only when no word in it points to one.
"""

import json
from typing import Any, NamedTuple

from workers.dead_letters.letter import Letter, printable, printable_headers

MASK = "***"
MAX_SHOWN_CHARACTERS = 4000
SECRET_WORDS = (
    "password", "passwd", "passphrase", "pwd", "hash", "secret", "token", "credential", "authorization", "cookie",
    "apikey", "api_key", "api-key", "private_key", "privatekey", "signature", "bearer ", "$argon2", "$2b$", "$scrypt",
)  # fmt: skip


class Shown(NamedTuple):
    """The content for a person: the JSON with secrets masked, or a text; `note` says what was left out, if anything."""

    fields: Any
    text: str | None
    note: str | None


def headers_shown(letter: Letter) -> list[tuple[str, str | None]]:
    """The original's headers, those masked that are named like a secret or look like one."""
    return [
        (name, MASK if value and (_points_to_secret(name) or _points_to_secret(value)) else value)
        for name, value in printable_headers(letter.original)
    ]


def value_shown(letter: Letter) -> Shown:
    """The original's value."""
    value = letter.original.value
    if not value:
        return Shown(None, None, "there is no value")
    try:
        return Shown(_masked(json.loads(value.decode())), None, None)
    except (ValueError, RecursionError):
        pass  # no JSON, or none that a parser of ours takes: it is text at best
    text = printable(value) or ""
    # Without NULs: text in UTF-16 has one in every second place.
    if _points_to_secret(value.replace(b"\0", b"").decode(errors="replace")):
        return Shown(None, None, f"{len(value)} bytes that are no JSON and may hold a secret; --raw writes them")
    if len(text) > MAX_SHOWN_CHARACTERS:
        return Shown(None, text[:MAX_SHOWN_CHARACTERS], f"the beginning of {len(value)} bytes; --raw writes them all")
    return Shown(None, text, None)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if _points_to_secret(name) and not _is_empty(each) else _masked(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if isinstance(value, str) and _is_secret_text(value):
        return MASK
    return value


def _is_secret_text(text: str) -> bool:
    """A text that is a hash, or JSON within JSON with something named like a secret in it."""
    begins = text.lstrip()[:1]
    return text.startswith("$") or (begins in ("{", "[") and _points_to_secret(text))


def _points_to_secret(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in SECRET_WORDS)


def _is_empty(value: Any) -> bool:
    return value is None or value == ""
