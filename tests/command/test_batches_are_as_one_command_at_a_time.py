"""However commands are cut into batches, and whichever owner has the lane, they lead to what they lead to alone."""

from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome, OutcomeError
from contracts.users.commands import ChangePassword, CreateUser, DeleteUser, UpdateUser, WelcomeUser
from contracts.users.events import PasswordChanged
from contracts.users.examples import PASSWORD_HASH
from tests.command.installation import LANE, Installation, record
from tests.command.one_at_a_time import Asked, OneAtATime, Written
from tests.command.table import NOW
from workers.command.records import event_record
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.ports.outcomes import CommandKey

users = st.sampled_from(["u1", "u2", "u3"])
emails = st.sampled_from(["a@x.org", "A@x.org", "b@x.org", "c@x.org", "taken@x.org", "gone@x.org"])
hashes = st.sampled_from([PASSWORD_HASH, PASSWORD_HASH.replace("t=3", "t=4")])
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        CreateUser,
        user_id=users,
        first_name=st.just("Ada"),
        last_name=st.just("Lovelace"),
        email=emails,
        password_hash=st.none() | hashes,
    ),
    st.builds(UpdateUser, user_id=users, email=emails),
    st.builds(UpdateUser, user_id=users, city=st.sampled_from(["Turin", "London", None])),
    st.builds(DeleteUser, user_id=users),
    st.builds(WelcomeUser, user_id=users),
    st.builds(ChangePassword, user_id=users, password_hash=hashes),
)
seldom = st.integers(0, 9).map(lambda drawn: drawn == 0)


users_decider = contexts()["users"].decider


def decide_in_pairs(state: Any, command: Command) -> Decision | Rejection:
    """As the users do, but with two events for each one that a command leads to."""
    answer = users_decider.decide(state, command)
    if isinstance(answer, Rejection):
        return answer
    events = tuple(emitted for event in answer.events for emitted in (event, PasswordChanged(user_id=event.stream_id)))
    return Decision(events, answer.claims, answer.releases, answer.credential)


DECIDERS = {
    "one event at most": users_decider,
    "events in pairs": Decider(users_decider.initial, decide_in_pairs, users_decider.evolve),
}


class Sent(NamedTuple):
    """A record of the command topic, and the same as the reference sees it. `number` is that of its id."""

    number: int
    record: InboundRecord
    asked: Asked


class Run(NamedTuple):
    """Records cut into batches; before each batch, whether another worker takes the lane over."""

    sent: list[Sent]
    batches: list[tuple[bool, list[InboundRecord]]]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    sent: list[Sent] = []
    for number, command in enumerate(draw(st.lists(commands, min_size=4, max_size=40))):
        if draw(seldom) and sent:
            again = draw(st.sampled_from(sent))
            sent.append(again._replace(record=again.record._replace(offset=number)))
            continue
        place = number
        if draw(seldom) and sent:
            place = draw(st.sampled_from(sent)).number
        version = draw(st.integers(0, 4)) if draw(seldom) else None
        expires = NOW + timedelta(seconds=draw(st.sampled_from([-1, 0, 1]))) if draw(seldom) else None
        written = record(command, place, offset=number, expected_version=version, expires_at=expires)
        headers = dict(written.headers)
        asked = Asked(headers["ce_id"].decode(), command, headers["ce_correlationid"].decode(), version, expires)
        sent.append(Sent(place, written, asked))
    cuts = sorted(draw(st.sets(st.integers(1, len(sent)), max_size=6)))
    edges = [0, *cuts, len(sent)]
    pieces = [[asked.record for asked in sent[start:end]] for start, end in pairwise(edges)]
    return Run(sent, [(draw(st.booleans()), piece) for piece in pieces if piece])


async def played(run: Run, decider: Decider[Any], reserved: dict[tuple[str, str], str]) -> Installation:
    """The installation after the run. Two workers take the lane from one another; each time, the one that loses it is
    dropped in the middle of its publishing, and what it remembers may have changed when its turn comes again.
    """
    installation = Installation(decider)
    installation.table.reserve(reserved)
    lane, other = installation.lane(), installation.lane()
    consumed = await lane.acquire()
    for another_owner, batch in run.batches:
        if another_owner:
            lane.abandon()
            lane, other = other, lane
            consumed = await lane.acquire()
        assert consumed <= batch[0].offset
        await lane.handle(batch)
    await lane.release()
    lane.abandon()
    return installation


def written(row: EventRow) -> Written:
    return Written(row.sequence, row.stream_id, row.stream_version, row.event_id, row.type, row.data)


def wordless(outcome: Outcome) -> Outcome:
    """An outcome without the loop's own sentences, which are not law."""
    error = outcome.error
    if error is None or error.code not in ("Expired", "VersionConflict", IDEMPOTENCY_KEY_REUSED):
        return outcome
    return outcome.model_copy(update={"error": OutcomeError(code=error.code, message="", details=error.details)})


@settings(max_examples=100)
@pytest.mark.parametrize("decider", DECIDERS.values(), ids=DECIDERS.keys())
@given(run=runs())
async def test_in_the_table_and_in_the_log(decider: Decider[Any], run: Run) -> None:
    reserved = {("email", "taken@x.org"): "somebody else", ("email", "gone@x.org"): "yet another"}
    installation = await played(run, decider, reserved)
    alone = OneAtATime(installation.decider, NOW, reserved)
    answers = [alone.handle(asked.asked) for asked in run.sent]

    table = installation.table
    stored = {key: Outcome.model_validate_json(row.outcome) for key, row in table.table.commands.items()}
    assert {key[1:]: wordless(outcome) for key, outcome in stored.items()} == alone.outcomes
    assert [written(row) for row in table.lane()] == alone.events
    assert table.unique_claims == alone.unique_claims
    assert table.credentials == alone.credentials
    assert table.rows[LANE].sequence == len(alone.events)
    assert table.rows[LANE].consumed == len(run.sent)
    assert installation.published == [event_record(row) for row in table.lane()]

    replies = [Outcome.model_validate_json(reply) for _, reply in installation.replies]
    assert [wordless(reply) for reply in replies] == answers
    for key, reply in installation.replies:
        handled = Outcome.model_validate_json(reply)
        if handled.error is None or handled.error.code != IDEMPOTENCY_KEY_REUSED:
            row = table.table.commands[CommandKey("users", handled.stream_id, key)]
            assert reply == row.outcome, "a repeat is answered with the stored outcome, byte for byte"
    for row in table.table.commands.values():
        handled = stored[CommandKey("users", row.stream_id, row.command_id)]
        assert (row.status, row.stream_id, row.sequence) == (handled.status, handled.stream_id, handled.sequence)
