"""Batches of a projection: of cards, found by their city, and of purchases, found by their buyer in order of time."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from workers.core.projection import Document, Index
from workers.ports.read_models import START, Checkpoint, Generation, IndexChange, ReadModelBatch
from workers.projection.folding import ALL

CARDS, TOPIC = Generation("cards"), "users.events"
NEXT = Checkpoint(1, 1)


def city(name: str) -> Index:
    return Index("city", name)


def card(name: str, home: str) -> Document:
    return {"user_id": name, "city": home, "name": "Zoë ☃"}


def entries(cities: Mapping[str, str]) -> list[IndexChange]:
    """The index entries of cards, by the id and the city of each."""
    changes = [IndexChange(city(home), name) for name, home in cities.items()]
    return changes + [IndexChange(ALL, name) for name in cities]


def batch(
    cities: Mapping[str, str], *, partition: int = 0, expected: Checkpoint = START, to: Checkpoint = NEXT
) -> ReadModelBatch:
    """New cards, by the id and the city of each."""
    documents = {name: orjson.dumps(card(name, home)) for name, home in cities.items()}
    return ReadModelBatch(CARDS, TOPIC, partition, expected, to, documents, entries(cities), [])


def removal(cities: Mapping[str, str], *, expected: Checkpoint, to: Checkpoint) -> ReadModelBatch:
    """These cards are removed."""
    return ReadModelBatch(CARDS, TOPIC, 0, expected, to, dict.fromkeys(cities), [], entries(cities))


def ids(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    return [document["user_id"] for document in documents]


def buyer(name: str, order: str = "") -> Index:
    return Index("buyer", name, order)


class Purchase(NamedTuple):
    """A document that is found by its buyer, in the order of the time."""

    name: str
    buyer: str
    time: str


def purchases(
    new: Iterable[Purchase] = (),
    gone: Iterable[Purchase] = (),
    *,
    expected: Checkpoint = START,
    to: Checkpoint = NEXT,
    generation: Generation = CARDS,
) -> ReadModelBatch:
    """New purchases, and some that are removed."""
    new, gone = list(new), list(gone)
    documents: dict[str, bytes | None] = {card.name: orjson.dumps({"user_id": card.name}) for card in new}
    return ReadModelBatch(
        generation,
        TOPIC,
        0,
        expected,
        to,
        dict.fromkeys((card.name for card in gone), None) | documents,
        [IndexChange(buyer(card.buyer, card.time), card.name) for card in new],
        [IndexChange(buyer(card.buyer, card.time), card.name) for card in gone],
        only_if_live=generation == CARDS,
    )
