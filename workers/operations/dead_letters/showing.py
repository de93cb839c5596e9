"""Which part of a dead letter's content is shown without being asked for: everything but secrets.

A command may carry a password's hash, and a broken client may have put a password anywhere. So the values of fields
that are named like a secret are masked, and content that is not JSON is shown only when no word in it suggests one.
"""

import json
from typing import Any, NamedTuple

from workers.operations.dead_letters.letter import Letter, printable, printable_headers

MASK = "***"
MAX_SHOWN_CHARACTERS = 4000
SECRET_WORDS = (
    "password", "passwd", "passphrase", "pwd", "hash", "secret", "token", "credential", "authorization", "cookie",
    "apikey", "api_key", "api-key", "private_key", "privatekey", "signature", "bearer ", "$argon2", "$2b$", "$scrypt",
)  # fmt: skip


class ShownValue(NamedTuple):
    """A value for a person to read: `fields` is its JSON with secrets masked, or else `text` is its text. `note` says
    what was left out, if anything.
    """

    fields: Any
    text: str | None
    note: str | None


def headers_shown(letter: Letter) -> list[tuple[str, str | None]]:
    """The original's headers. Values that look like a secret, or whose header is named like one, are masked."""
    return [
        (name, MASK if value and (_suggests_secret(name) or _suggests_secret(value)) else value)
        for name, value in printable_headers(letter.original)
    ]


def value_shown(letter: Letter) -> ShownValue:
    """The original's value."""
    value = letter.original.value
    if not value:
        return ShownValue(None, None, "there is no value")
    try:
        return ShownValue(_masked(json.loads(value.decode())), None, None)
    except (ValueError, RecursionError):
        pass  # not JSON, or too deeply nested for the parser: show it as text
    text = printable(value) or ""
    # Without NULs: every second byte of English text in UTF-16 is one.
    if _suggests_secret(value.replace(b"\0", b"").decode(errors="replace")):
        return ShownValue(None, None, f"{len(value)} bytes that are no JSON and may hold a secret; --raw writes them")
    if len(text) > MAX_SHOWN_CHARACTERS:
        note = f"the beginning of {len(value)} bytes; --raw writes them all"
        return ShownValue(None, text[:MAX_SHOWN_CHARACTERS], note)
    return ShownValue(None, text, None)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if _suggests_secret(name) and field not in (None, "") else _masked(field)
            for name, field in value.items()
        }
    if isinstance(value, list):
        return [_masked(element) for element in value]
    if isinstance(value, str) and _is_secret_text(value):
        return MASK
    return value


def _is_secret_text(text: str) -> bool:
    """Whether a text is a hash, or JSON within JSON that has something named like a secret."""
    start = text.lstrip()[:1]
    return text.startswith("$") or (start in ("{", "[") and _suggests_secret(text))


def _suggests_secret(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in SECRET_WORDS)
