"""Mutations of valid commands. `mutated(seed, index)` always returns the same message."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.message import Message, any_command, identifier
from tests.fuzz.oddities import FIELD_VALUES, HEADER_VALUES, NAMES, UUID_TEXT

PARTITIONS = 6
MAX_MUTATIONS = 2
# One in this many exceeds the size limit of a command. Rare, so that a run does not send too much data.
ONE_IN_LARGE = 10_000

VALUES = (None, b"", b" ", b"null", b"true", b"17", b'"text"', b"[]", b"{}", b"NaN", b"{", b"\xef\xbb\xbf{}", b"\x00")

Mutation = Callable[[random.Random, Message], Message]


def mutated(seed: int, index: int) -> Message:
    """A valid command after one or two mutations."""
    chance = random.Random(f"{seed}/{index}")
    message = any_command(chance)
    for _ in range(chance.randint(1, MAX_MUTATIONS)):
        message = chance.choice(MUTATIONS)(chance, message)
    if chance.randrange(ONE_IN_LARGE) == 0:
        message = message._replace(value=(message.value or b"")[:-2] + b"x" * chance.choice([1_048_576, 2_000_000]))
    return message


def _edited(chance: random.Random, content: bytes | None) -> bytes:
    """One to eight bytes flipped, inserted, removed or repeated, or a tail cut off."""
    edited = bytearray(content or b"\x00")
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(edited) + 1)
        match chance.randrange(5):
            case 0 if place < len(edited):
                edited[place] ^= 1 << chance.randrange(8)
            case 1:
                edited[place:place] = chance.randbytes(chance.randint(1, 4))
            case 2:
                del edited[place : place + chance.randint(1, 4)]
            case 3:
                edited[place:place] = edited[place : place + chance.randint(1, 40)]
            case _ if chance.random() < 0.2:
                del edited[place:]
    return bytes(edited)


def edit_value(chance: random.Random, message: Message) -> Message:
    return message._replace(value=_edited(chance, message.value))


def replace_value(chance: random.Random, message: Message) -> Message:
    value = chance.choice(VALUES)
    match chance.randrange(6):
        case 0:
            depth = chance.choice([100, 250, 1000, 3000])
            value = chance.choice([b"[" * depth, b'{"user_id":' * depth, b"[" * depth + b"]" * depth])
        case 1:
            value = chance.randbytes(chance.randint(1, 2000))
        case 2:
            value = (message.value or b"") * 2
        case 3:
            value = (message.value or b"").decode("latin-1").encode("utf-16")
    return message._replace(value=value)


def edit_field(chance: random.Random, message: Message) -> Message:
    """Give a JSON field an odd value or an odd name, double it, or remove it."""
    fields = _fields(message)
    if not fields:
        return replace_value(chance, message)
    name = chance.choice(sorted(fields))
    odd = chance.choice(FIELD_VALUES)
    match chance.randrange(5):
        case 0:
            del fields[name]
        case 1:
            fields[chance.choice(NAMES)] = odd
        case 2:
            text = json.dumps(fields)
            return message._replace(value=f"{text[:-1]}, {json.dumps(name)}: {json.dumps(odd)}}}".encode())
        case _:
            fields[name] = odd
    plain = chance.random() < 0.5 and "\\ud" not in json.dumps(fields)
    return message._replace(value=json.dumps(fields, ensure_ascii=not plain).encode())


def _fields(message: Message) -> dict[str, Any]:
    try:
        fields = json.loads(message.value or b"")
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def odd_header(chance: random.Random, message: Message) -> Message:
    name = chance.choice(sorted(HEADER_VALUES))
    return _with_header(message, name, chance.choice(HEADER_VALUES[name]).encode())


def edit_header(chance: random.Random, message: Message) -> Message:
    if not message.headers:
        return odd_header(chance, message)
    name, value = chance.choice(message.headers)
    return _with_header(message, name, _edited(chance, value))


def move_headers(chance: random.Random, message: Message) -> Message:
    """Drop, empty, rename, double or shuffle headers, or add very many."""
    headers = list(message.headers)
    if not headers:
        return odd_header(chance, message)
    place = chance.randrange(len(headers))
    name, value = headers[place]
    match chance.randrange(7):
        case 0:
            del headers[place]
        case 1:
            headers[place] = (name, None)
        case 2:
            headers[place] = (chance.choice(NAMES), value)
        case 3:
            headers.insert(chance.randrange(len(headers) + 1), (name, _edited(chance, value)))
        case 4:
            chance.shuffle(headers)
        case 5:
            headers += [(f"more-{number}", b"x") for number in range(chance.choice([1, 20, 500]))]
        case _:
            headers = []
    return message._replace(headers=tuple(headers))


def _with_header(message: Message, name: str, value: bytes | None) -> Message:
    kept = [header for header in message.headers if header[0] != name]
    return message._replace(headers=(*kept, (name, value)))


def odd_id(chance: random.Random, message: Message) -> Message:
    """Replace the id by another spelling of a UUID, or by the id of another message."""
    command_id = identifier(chance)
    spellings = (
        *(command_id.upper(), command_id.replace("-", ""), f"urn:uuid:{command_id}", f"{{{command_id}}}"),
        UUID_TEXT,
    )
    return _with_header(message, "ce_id", chance.choice(spellings).encode())


def odd_key(chance: random.Random, message: Message) -> Message:
    keys: Sequence[bytes | None] = (
        *(None, b"", b" ", b"\x00", b"\xff\xfe", "é".encode(), b"x" * 1024, b"x" * 1025, b"x" * 20_000),
        *(identifier(chance).encode(), (message.key or b"").upper(), _edited(chance, message.key), b"a\nb"),
    )
    return message._replace(key=chance.choice(keys))


def wrong_place(chance: random.Random, message: Message) -> Message:
    return message._replace(partition=chance.randrange(PARTITIONS))


MUTATIONS: tuple[Mutation, ...] = (
    *(edit_value, edit_value, replace_value, edit_field, edit_field, edit_field),
    *(odd_header, odd_header, edit_header, move_headers, odd_id, odd_key, wrong_place),
)
