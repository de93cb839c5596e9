"""Texts that a verification asks about: they come from logs and read models, where anything may stand."""

from collections.abc import Iterable, Sequence

from infra.postgres.lists import NONE, SEPARATOR, columns
from workers.ports.sagas import InstanceKey

REPLACEMENT = "\ufffd"
"""Stands for bytes that are not UTF-8 in what was decoded."""


def is_storable(text: str) -> bool:
    """Whether a query can ask about this text at all. The database holds no text that it cannot be asked about."""
    return bool(text) and not {SEPARATOR, NONE, "\x00", REPLACEMENT} & set(text)


def storable(texts: Iterable[str]) -> list[str]:
    """Those of the texts that a query can ask about, in their order."""
    return [text for text in texts if is_storable(text)]


def storable_keys(keys: Iterable[InstanceKey]) -> list[InstanceKey]:
    """Those of the keys that a query can ask about, in their order."""
    return [key for key in keys if is_storable(key.saga) and is_storable(key.instance_id)]


def key_lists(keys: Sequence[InstanceKey]) -> list[str]:
    """Two lists, as `annals.listed` reads them: the sagas and the instance ids."""
    return columns(keys, len(InstanceKey._fields))
