"""Operators see who still sends a deprecated command, and its senders are told."""

from datetime import date

import orjson
import pytest
from prometheus_client import REGISTRY

from contracts.deprecation import DEPRECATED, Deprecated
from contracts.users.commands import CreateUser
from contracts.users.examples import CREATE_ADA, CREATE_GRACE, MOVE_ADA_TO_TURIN
from tests.command.installation import Installation, record
from workers.command import deprecated
from workers.command.deprecated import MAX_SOURCE_CHARACTERS, MAX_SOURCES, OTHER, Sources
from workers.ports.log import InboundRecord

LATE = Deprecated(since=date(2027, 6, 1), removed_on=date(2028, 6, 1), use="users.UpdateUser.v1")


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CreateUser, "deprecation", LATE)
    monkeypatch.setitem(DEPRECATED, CreateUser.type, LATE)
    monkeypatch.setattr(deprecated.DeprecatedCommands.__init__, "__defaults__", (Sources(),))


def sent_by(source: str, original: InboundRecord) -> InboundRecord:
    headers = [(name, source.encode() if name == "ce_source" else value) for name, value in original.headers]
    return original._replace(headers=headers)


def counted(source: str) -> float:
    labels = {"command": CreateUser.type, "source": source}
    return REGISTRY.get_sample_value("annals_deprecated_commands_total", labels) or 0.0


@pytest.mark.usefixtures("late")
async def test_are_counted_by_source_repeats_included() -> None:
    shop, crm = counted("/old-shop"), counted("/old-crm")
    first = sent_by("/old-shop", record(CREATE_ADA, 1))
    moved = sent_by("/old-shop", record(MOVE_ADA_TO_TURIN, 3))
    await Installation().handle([first, sent_by("/old-crm", record(CREATE_GRACE, 2)), moved, first._replace(offset=4)])
    assert (counted("/old-shop") - shop, counted("/old-crm") - crm) == (2, 1)


async def test_of_commands_that_are_not_deprecated_are_not_counted() -> None:
    await Installation().handle([sent_by("/new-shop", record(CREATE_ADA, 1))])
    assert counted("/new-shop") == 0


@pytest.mark.usefixtures("late")
async def test_share_a_label_when_they_are_many() -> None:
    others = counted(OTHER)
    records = [sent_by(f"/flood/{number}", record(CREATE_ADA, number + 1)) for number in range(MAX_SOURCES + 10)]
    await Installation().handle(records)
    own = [counted(f"/flood/{number}") for number in range(MAX_SOURCES + 10)]
    assert own == [1.0] * MAX_SOURCES + [0.0] * 10
    assert counted(OTHER) - others == 10


def test_with_endless_names_share_a_label_too() -> None:
    sources = Sources(most=2)
    assert sources.label("/" + "x" * MAX_SOURCE_CHARACTERS) == OTHER
    assert [sources.label(source) for source in ("/a", "/b", "/c", "/a")] == ["/a", "/b", OTHER, "/a"]


@pytest.mark.usefixtures("late")
async def test_are_told_by_the_reply_and_by_that_to_a_repeat() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(MOVE_ADA_TO_TURIN, 2), record(CREATE_ADA, 1, offset=3)])
    replies = [orjson.loads(reply) for _, reply in installation.replies]
    assert [reply.get("deprecation", {}).get("use") for reply in replies] == [LATE.use, None, LATE.use]
