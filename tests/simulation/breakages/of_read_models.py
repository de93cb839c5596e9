"""Documents, index entries, checkpoints, parked streams, and code."""

from dataclasses import replace
from typing import NoReturn

from infra.memory import read_model_server as keys
from tests.simulation.breakages.parts import LANE, PLACE
from tests.simulation.calm_schedule import CHANGED, UNCHANGED
from tests.simulation.circle_saga import circle_of
from tests.simulation.commands import EVENTS
from tests.simulation.counting import TALLY, USER_CARD, USERS
from tests.simulation.evidence import LIVE
from tests.simulation.operations import CONTEXTS, sources_of
from tests.simulation.roles import Servers
from workers.core.projection import Document, Index
from workers.core.recorded import Recorded
from workers.operations.verification.sources import Sources
from workers.ports.parked import ParkedStream
from workers.ports.sections import SectionValue
from workers.projection.folding import ALL


def _move_the_checkpoint(servers: Servers, events: int) -> None:
    key = keys.checkpoint(LIVE, EVENTS, LANE)
    checkpoint = servers.redis.get(key)
    servers.redis.set(key, checkpoint._replace(sequence=checkpoint.sequence + events))


def set_the_read_model_back(servers: Servers) -> None:
    _move_the_checkpoint(servers, -1)


def set_the_read_model_ahead(servers: Servers) -> None:
    _move_the_checkpoint(servers, 5)


def remove_a_document(servers: Servers) -> None:
    servers.redis.set(keys.document(LIVE, CHANGED), None)


def add_a_document(servers: Servers) -> None:
    servers.redis.set(keys.document(LIVE, "user-9"), b"{}")


def change_a_document(servers: Servers) -> None:
    key = keys.document(LIVE, CHANGED)
    servers.redis.set(key, servers.redis.get(key).replace(b"Lovelace", b"Byron"))


def remove_an_entry(servers: Servers) -> None:
    servers.redis.lose_entry(keys.index(LIVE, ALL.name), (ALL, CHANGED))


def add_an_entry(servers: Servers) -> None:
    entry = (Index("email", "nobody@example.org"), CHANGED)
    changes = keys.Transaction(added=[(keys.index(LIVE, "email"), entry)])
    servers.redis.execute({}, changes)


def _values(servers: Servers) -> tuple[keys.Key, dict[str, bytes]]:
    """The section of the circle of the changed user."""
    key = keys.sections(LIVE, circle_of(CHANGED))
    return key, servers.redis.hashes[key]


def remove_a_value(servers: Servers) -> None:
    key, fields = _values(servers)
    servers.redis.execute({}, keys.Transaction(fields={key: dict.fromkeys(fields)}))


def add_a_value(servers: Servers) -> None:
    value = SectionValue(1, 2, {"count": 2}).encoded()
    fields = {keys.sections(LIVE, "circle 99"): dict.fromkeys(_values(servers)[1], value)}
    servers.redis.execute({}, keys.Transaction(fields=fields))


def change_a_value(servers: Servers) -> None:
    key, fields = _values(servers)
    changed = {field: stored.replace(b'"count":', b'"count":1') for field, stored in fields.items()}
    servers.redis.execute({}, keys.Transaction(fields={key: changed}))


def park_a_stream(servers: Servers) -> None:
    error = "KeyError in evolve"
    parked = ParkedStream(TALLY.name, UNCHANGED, 2, 9, "UserUpdated", error, 1, "2026-01-01T00:00:00Z")
    servers.table.parked_streams.setdefault(PLACE, {})[TALLY.name, UNCHANGED] = parked


def run_code_that_raises(servers: Servers) -> Sources:
    def evolve(_: Document | None, __: Recorded) -> NoReturn:
        raise KeyError("city")

    card = replace(USER_CARD, evolve=evolve)
    return sources_of(servers, CONTEXTS | {"users": replace(USERS, projections=(card,))})
