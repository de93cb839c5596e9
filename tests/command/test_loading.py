"""What a lane knows of a stream is the fold of each of its events, once, whatever there is of a snapshot.

Asked about accounts: an event that is folded twice, or not at all, is money.
"""

from decimal import Decimal
from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.envelope import CommandEnvelope
from contracts.message import Event
from contracts.payments.commands import DepositFunds
from contracts.payments.events import FundsDeposited
from tests.command.installation import command_id
from tests.command.table import TableInMemory
from tests.lanes.recorded_rows import event_rows
from workers.command.loading import LaneStreams
from workers.command.reading import Request
from workers.command.snapshots import Snapshots
from workers.command.streams import Versioned
from workers.domain import contexts
from workers.domain.payments.decider import AccountState
from workers.ports.event_store import SnapshotRow
from workers.ports.log import InboundRecord

PAYMENTS = contexts()["payments"].decider
EVENTS = stored_events()
SNAPSHOTS = Snapshots("payments", PAYMENTS, EVENTS)


def deposit(user_id: str, euros: int) -> FundsDeposited:
    return FundsDeposited(user_id=user_id, amount=Decimal(euros), currency="EUR")


def request(user_id: str) -> Request:
    """A command about this account."""
    command = DepositFunds(user_id=user_id, amount=Decimal(1), currency="EUR")
    envelope = CommandEnvelope(command_id(1), command.type, "/tests", user_id, "", "correlation", "causation")
    record = InboundRecord("payments.commands", 0, 0, user_id.encode(), command.to_json(), envelope.to_headers(), 0)
    return Request(record, envelope, command, None)


def table_with(*events: Event) -> TableInMemory:
    table = TableInMemory([])
    table.write(event_rows(*events))
    return table


def snapshot(table: TableInMemory, user_id: str, version: int, balance: int) -> SnapshotRow:
    """What this code would write of an account of this balance at that version of its stream."""
    (row,) = [event for event in table.events if (event.stream_id, event.stream_version) == (user_id, version)]
    state = SNAPSHOTS._written(AccountState("EUR", Decimal(balance)))
    assert state is not None
    digest = SNAPSHOTS._digest(user_id, version, row.event_id, state)
    return SnapshotRow(user_id, version, SNAPSHOTS.fingerprint, digest, state)


async def loaded(table: TableInMemory, *user_ids: str) -> dict[str, Versioned]:
    streams = LaneStreams("payments", PAYMENTS, table, EVENTS, SNAPSHOTS)
    requests = [request(user_id) for user_id in user_ids]
    await streams.look_up(requests)
    return streams.of(requests)


def balances(streams: dict[str, Versioned]) -> dict[str, tuple[int, Decimal]]:
    return {stream_id: (stream.version, stream.state.balance) for stream_id, stream in streams.items()}


async def test_without_a_snapshot_is_the_fold_of_all_events_of_each_stream() -> None:
    table = table_with(deposit("ada", 1), deposit("bob", 10), deposit("ada", 2), deposit("bob", 20))
    streams = await loaded(table, "ada", "bob", "nobody")
    assert balances(streams) == {"ada": (2, Decimal(3)), "bob": (2, Decimal(30)), "nobody": (0, Decimal(0))}


async def test_behind_a_snapshot_is_the_fold_of_the_events_after_it() -> None:
    table = table_with(deposit("ada", 1), deposit("ada", 2), deposit("ada", 4))
    # Another balance than that of the events: so it shows that they were not folded as well.
    table.table.snapshots["payments", "ada"] = snapshot(table, "ada", 2, 100)
    streams = await loaded(table, "ada")
    assert balances(streams) == {"ada": (3, Decimal(104))}
    assert streams["ada"].snapshot_version == 2
    assert len(table.looked_up) == 1


UNTRUE: dict[str, Any] = {"digest": "0" * 64, "state": b"{}", "stream_version": 1}


@pytest.mark.parametrize("change", UNTRUE)
async def test_behind_an_untrue_snapshot_is_the_fold_of_each_event_once_and_of_other_streams_too(change: str) -> None:
    table = table_with(*(deposit(stream_id, euros) for euros in (1, 2, 4) for stream_id in ("ada", "bob", "carl")))
    kept = table.table.snapshots
    kept["payments", "ada"] = snapshot(table, "ada", 2, 3)._replace(**{change: UNTRUE[change]})
    kept["payments", "bob"] = snapshot(table, "bob", 2, 100)
    streams = await loaded(table, "ada", "bob", "carl")
    assert balances(streams) == {"ada": (3, Decimal(7)), "bob": (3, Decimal(104)), "carl": (3, Decimal(7))}
    assert streams["ada"].snapshot_version == 0, "so that the next one is taken soon"
    assert len(table.looked_up) == 2, "one more question, about the untrue one only"
    assert {row.stream_id for row in table.looked_up[1].events} == {"ada"}


async def test_that_is_kept_is_not_looked_up_again() -> None:
    table = table_with(deposit("ada", 1))
    streams = LaneStreams("payments", PAYMENTS, table, EVENTS, SNAPSHOTS)
    for _ in range(2):
        await streams.look_up([request("ada")])
    assert balances(streams.of([request("ada")])) == {"ada": (1, Decimal(1))}
    assert [len(history.events) for history in table.looked_up] == [1]
