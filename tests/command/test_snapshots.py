"""A snapshot is taken when a stream has come far, read when nothing is wrong with it, and never trusted otherwise."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import stored_events
from contracts.users.commands import UpdateUser
from contracts.users.examples import CREATE_ADA, WELCOME_ADA
from tests.command.installation import Installation, record
from tests.counted import Counted
from tests.postgres.batches import TIME, event
from workers.command.batch_decision import BatchDecision
from workers.command.snapshots import Snapshots, UnusableSnapshot, snapshot_fingerprint
from workers.command.streams import Versioned
from workers.core.context import Context
from workers.core.decider import Decider, Decision
from workers.domain import contexts
from workers.ports.event_store import StoredSnapshot
from workers.testing.walks import walks

USERS = contexts()["users"]
EVENTS = stored_events()
USERS_FUNCTIONS = (USERS.decider.decide, USERS.decider.evolve)
ADA = CREATE_ADA.user_id
every_context = pytest.mark.parametrize("context", contexts().values(), ids=contexts().keys())


def stored(snapshots: Snapshots, stream: Versioned, stream_id: str = ADA) -> StoredSnapshot | None:
    """The snapshot that is taken of a stream, as it would be read again."""
    draft = snapshots.added_to(draft_of(stream, stream_id))
    for row in draft.snapshots:
        assert row.fingerprint == snapshots.fingerprint
        return StoredSnapshot(row.stream_id, row.stream_version, f"event {stream.version}", row.digest, row.state)
    return None


def draft_of(stream: Versioned, stream_id: str = ADA) -> BatchDecision:
    """The draft of a batch whose last event brought the stream to this version."""
    last = event(1, stream_id, stream.version, event_id=f"event {stream.version}")
    return BatchDecision(
        outcomes=[],
        events=[last],
        claims_to_acquire=[],
        claims_to_settle=[],
        credentials=[],
        answers=[],
        failures=[],
        streams={stream_id: stream},
        sequence=1,
        repeated=0,
        counts={},
        now=TIME,
    )


@every_context
@settings(max_examples=50)
@given(data=st.data())
def test_every_state_of_every_context_comes_back_from_one(context: Context, data: st.DataObject) -> None:
    snapshots = Snapshots(context.name, context.decider, EVENTS, interval_events=1)
    for stride in data.draw(walks(context)):
        snapshot = stored(snapshots, Versioned(7, stride.after))
        assert snapshot is not None
        result = snapshots.read(snapshot)
        assert result == Versioned(7, stride.after, 7)
        assert type(result.state) is type(stride.after)


def test_one_that_was_changed_in_any_way_is_not_true() -> None:
    snapshots = Snapshots("users", USERS.decider, EVENTS, interval_events=1)
    good = stored(snapshots, Versioned(7, USERS.decider.initial._replace(existence="alive", city="Turin")))
    assert good is not None
    assert snapshots.read(good).version == 7
    changes: dict[str, Any] = {
        "stream_id": "somebody else",
        "stream_version": 8,
        "event_id": "event 8",
        "digest": good.digest[:-1] + ("0" if good.digest[-1] != "0" else "1"),
        "state": good.state.replace(b"Turin", b"Milan"),
    }
    assert set(changes) == set(StoredSnapshot._fields)
    for field, value in changes.items():
        with pytest.raises(UnusableSnapshot) as caught:
            snapshots.read(good._replace(**{field: value}))
        assert caught.value.reason == "it is not as it was written"
    other = Snapshots("customers", USERS.decider, EVENTS, interval_events=1)
    with pytest.raises(UnusableSnapshot):
        other.read(good)


# Not `[]`: every field of a user's state has a default, so it reads as the initial one.
@pytest.mark.parametrize("state", [b"[[]]", b"null", b'{"existence": "undead"}', b'["undead"]', b"no JSON", b""])
def test_one_that_does_not_read_as_a_state_is_not_true_even_if_it_was_written_so(state: bytes) -> None:
    snapshots = Snapshots("users", USERS.decider, EVENTS, interval_events=1)
    row = StoredSnapshot(ADA, 7, "event 7", snapshots._digest(ADA, 7, "event 7", state), state)
    with pytest.raises(UnusableSnapshot) as caught:
        snapshots.read(row)
    assert caught.value.stream_id == ADA
    assert caught.value.reason == "ValidationError while reading it"


class Loose(NamedTuple):
    """A state whose annotations say less, or something else, than what is in it."""

    anything: Any = None
    amount: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "state",
    [Loose(anything=Decimal(1)), Loose(tags=["a list"]), Loose(anything=object()), Loose(amount=float("nan")), "text"],  # type: ignore[arg-type]
    ids=[
        "a type that the annotation does not state",
        "another type",
        "nothing that JSON has",
        "no equal of itself",
        "no state at all",
    ],
)
def test_none_is_taken_of_a_state_that_would_come_back_as_another(state: Any) -> None:
    snapshots = Snapshots("users", Decider(Loose(), *USERS_FUNCTIONS), EVENTS, interval_events=1)
    assert stored(snapshots, Versioned(7, state)) is None
    good = stored(snapshots, Versioned(7, Loose("text", Decimal("1.50"), ("a", "b"))))
    assert good is not None
    assert snapshots.read(good).state == Loose("text", Decimal("1.50"), ("a", "b"))


class Unwritable:
    """A state of a type that says nothing about itself."""


def test_after_one_that_could_not_be_taken_the_next_attempt_comes_an_interval_later() -> None:
    unusable = Counted(annals_snapshots_unusable_total={"context": "users", "step": "taking"})
    snapshots = Snapshots("users", Decider(Unwritable(), *USERS_FUNCTIONS), EVENTS, interval_events=10)
    draft = snapshots.added_to(draft_of(Versioned(25, Unwritable())))
    assert draft.snapshots == []
    assert unusable.grown() == {"annals_snapshots_unusable_total": 1}
    stream = draft.streams[ADA]
    assert (stream.version, stream.snapshot_version) == (25, 25)
    later = draft_of(stream._replace(version=34))
    assert snapshots.added_to(later) is later


@pytest.mark.parametrize(("version", "last", "is_due"), [(9, 0, False), (10, 0, True), (19, 10, False), (33, 10, True)])
def test_one_is_due_an_interval_after_the_last(version: int, last: int, is_due: bool) -> None:
    snapshots = Snapshots("users", USERS.decider, EVENTS, interval_events=10)
    draft = snapshots.added_to(draft_of(Versioned(version, USERS.decider.initial, last)))
    assert [row.stream_version for row in draft.snapshots] == ([version] if is_due else [])
    assert draft.streams[ADA].snapshot_version == (version if is_due else last)


def cities(*names: str) -> list[UpdateUser]:
    return [UpdateUser(user_id=ADA, city=name) for name in names]


async def test_a_lane_takes_them_as_it_goes_and_begins_with_them() -> None:
    installation = Installation(snapshot_interval_events=3)
    commands = [CREATE_ADA, WELCOME_ADA, *cities("Turin", "Milan", "Rome", "Pisa", "Bari")]
    await installation.handle(*([record(command, place)] for place, command in enumerate(commands)))
    kept = installation.table.table.snapshots
    assert [(key, row.stream_version) for key, row in kept.items()] == [(("users", ADA), 6)]
    installation.table.looked_up.clear()
    await installation.handle([record(cities("Rome")[0], 7)])
    (looked_up,) = installation.table.looked_up
    assert (
        [snapshot.stream_version for snapshot in looked_up.snapshots],
        [event.stream_version for event in looked_up.events],
    ) == (
        [6],
        [7],
    )
    assert installation.outcome(7).stream_version == 8


async def test_a_stream_that_was_long_before_there_were_any_gets_one_at_its_next_change() -> None:
    installation = Installation(snapshot_interval_events=1000)
    commands = [CREATE_ADA, WELCOME_ADA, *cities("Turin", "Milan", "Rome")]
    await installation.handle([record(command, place) for place, command in enumerate(commands)])
    installation.snapshot_interval_events = 3
    await installation.handle([record(WELCOME_ADA, 5)])
    assert installation.table.table.snapshots == {}, "nothing has changed"
    await installation.handle([record(WELCOME_ADA, 6)], [record(cities("Pisa")[0], 7)])
    assert installation.table.table.snapshots["users", ADA].stream_version == 6


async def test_other_code_begins_with_the_first_event_and_leaves_its_own() -> None:
    installation = Installation(snapshot_interval_events=3)
    commands = [CREATE_ADA, WELCOME_ADA, *cities("Turin", "Milan")]
    await installation.handle([record(command, place) for place, command in enumerate(commands)])
    own_snapshot = installation.table.table.snapshots["users", ADA]
    installation.decider = Decider(USERS.decider.initial, decide_as_ever, USERS.decider.evolve)
    assert snapshot_fingerprint("users", installation.decider, EVENTS) != own_snapshot.fingerprint
    installation.table.looked_up.clear()
    await installation.handle([record(cities("Milan")[0], 4), record(cities("Rome")[0], 5)])
    (looked_up,) = installation.table.looked_up
    assert (looked_up.snapshots, len(looked_up.events)) == ([], 4)
    assert (installation.outcome(4).events, installation.outcome(5).stream_version) == ((), 5)
    foreign_snapshot = installation.table.table.snapshots["users", ADA]
    assert (foreign_snapshot.stream_version, foreign_snapshot.fingerprint == own_snapshot.fingerprint) == (5, False)


def decide_as_ever(state: Any, command: Any) -> Decision | Any:
    """What the users decide, in another module."""
    return USERS.decider.decide(state, command)
