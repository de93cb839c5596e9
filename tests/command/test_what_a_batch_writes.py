"""What a batch is decided to write: every field of an event, an outcome and a claim comes from where it belongs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from contracts.catalogue import catalogue
from contracts.message import Command
from contracts.outcome import content_digest
from contracts.users.examples import ADA_CREATED, CREATE_ADA, CREATE_ADA_WITH_PASSWORD, MOVE_ADA_TO_TURIN, WELCOME_ADA
from tests.command.installation import command_id, record
from workers.command.batch_decision import BatchDecision, BatchInput
from workers.command.claims import ClaimBook
from workers.command.deciding import BatchDecider
from workers.command.reading import Request, read
from workers.command.streams import Versioned
from workers.core.decider import Decision, Rejection, Release, UniqueClaim
from workers.domain import contexts
from workers.ports.event_store import ClaimToAcquire, ClaimToSettle, CredentialRow, EventRow
from workers.ports.outcomes import OutcomeRow

USERS = contexts()["users"].decider
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADA = CREATE_ADA.user_id
UNBORN = Versioned(0, USERS.initial)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def request(command: Command, number: int) -> Request:
    original = record(command, number)
    headers = [*original.headers, ("traceparent", TRACEPARENT.encode())]
    result = read(original._replace(headers=headers), catalogue().commands, "users")
    assert isinstance(result, Request)
    return result


def decided(requests: Sequence[Request], stream: Versioned = UNBORN) -> BatchDecision:
    """By the lane of partition 4, which has handed out 40 sequences."""
    streams = {request.envelope.subject: stream for request in requests}
    situation = BatchInput("users", 4, 40, NOW, {}, streams, frozenset(), frozenset())
    return BatchDecider(USERS, situation).decide(requests)


def test_is_an_event_with_all_that_is_known_of_it() -> None:
    (row,) = decided([request(CREATE_ADA, 1)]).events
    assert row == EventRow(
        context="users",
        partition=4,
        sequence=41,
        stream_id=ADA,
        stream_version=1,
        event_id=str(uuid5(UUID(command_id(1)), f"users/{ADA}/0")),
        type="UserCreated",
        schema_version=2,
        data=row.data,
        command_id=command_id(1),
        correlation_id="correlation 1",
        causation_id=command_id(1),
        actor="tester",
        traceparent=TRACEPARENT,
        recorded_at=NOW,
    )


def test_is_an_outcome_with_all_that_is_known_of_it() -> None:
    draft = decided([request(CREATE_ADA, 1), request(WELCOME_ADA, 2)])
    row = draft.outcomes[1]
    assert row == OutcomeRow(
        command_id=command_id(2),
        type="users.WelcomeUser.v1",
        context="users",
        stream_id=ADA,
        status="accepted",
        stream_version=2,
        partition=4,
        sequence=42,
        events=[(draft.events[1].event_id, "users.UserWelcomed.v1")],
        error=None,
        correlation_id="correlation 2",
        causation_id="causation 2",
        actor="tester",
        handled_at=NOW,
        content_digest=content_digest(WELCOME_ADA.to_json()),
    )
    assert [answer.outcome for answer in draft.answers] == [outcome.outcome for outcome in draft.outcomes]


def test_is_a_password_under_its_stream() -> None:
    password = CREATE_ADA_WITH_PASSWORD.password_hash
    assert decided([request(CREATE_ADA_WITH_PASSWORD, 1)]).credentials == [CredentialRow(ADA, password)]
    assert decided([request(CREATE_ADA, 1)]).credentials == []


def test_is_the_stream_as_the_batch_leaves_it_with_its_snapshot_where_it_was() -> None:
    alive = USERS.evolve(USERS.initial, ADA_CREATED)
    draft = decided([request(MOVE_ADA_TO_TURIN, 1), request(WELCOME_ADA, 2)], Versioned(9, alive, 5))
    stream = draft.streams[ADA]
    assert (stream.version, stream.snapshot_version) == (11, 5)
    assert (stream.state.city, stream.state.welcomed) == ("Turin", True)
    assert (draft.sequence, draft.repeated, draft.now) == (42, 0, NOW)


def test_is_a_claim_that_the_stream_itself_may_make_again() -> None:
    book = ClaimBook(frozenset())
    claim = UniqueClaim("email", "ada@example.org", Rejection("EmailTaken", "it is taken"))
    assert book.admit(ADA, Decision(claims=(claim,))) is None
    assert book.admit(ADA, Decision(claims=(claim,))) is None
    assert book.admit("bob", Decision(claims=(claim,))) == claim.rejection
    assert book.claims_to_acquire() == [ClaimToAcquire("email", "ada@example.org", ADA)]
    assert book.claims_to_settle() == []


def test_is_what_ends_up_with_no_stream_or_with_another() -> None:
    book = ClaimBook(frozenset())
    rejection = Rejection("EmailTaken", "it is taken")
    book.admit(ADA, Decision(claims=(UniqueClaim("email", "a", rejection), UniqueClaim("email", "b", rejection))))
    book.admit(ADA, Decision(releases=(Release("email", "a"), Release("email", "b"), Release("email", "c"))))
    book.admit("bob", Decision(claims=(UniqueClaim("email", "a", rejection),)))
    assert set(book.claims_to_acquire()) == {ClaimToAcquire("email", "a", ADA), ClaimToAcquire("email", "b", ADA)}
    assert set(book.claims_to_settle()) == {
        ClaimToSettle("email", "a", "bob", ADA),
        ClaimToSettle("email", "b", None, ADA),
        ClaimToSettle("email", "c", None, ADA),
    }


def test_is_no_claim_on_what_the_database_has_refused() -> None:
    book = ClaimBook(frozenset({("email", "a")}))
    rejection = Rejection("EmailTaken", "it is taken")
    assert book.admit(ADA, Decision(claims=(UniqueClaim("email", "a", rejection),))) == rejection
    swap = Decision(releases=(Release("email", "a"),), claims=(UniqueClaim("email", "a", rejection),))
    assert book.admit(ADA, swap) is None, "who gives it up may take it again"


def test_is_no_gift_of_what_another_holds() -> None:
    """Two addresses have become equal: bob holds the one, and ada, who goes, holds nothing of it."""
    rejection = Rejection("EmailTaken", "it is taken")
    going, coming = (
        Decision(releases=(Release("email", "a"),)),
        Decision(claims=(UniqueClaim("email", "a", rejection),)),
    )
    believing = ClaimBook(frozenset())
    assert (believing.admit(ADA, going), believing.admit("eve", coming)) == (None, None)
    assert believing.claims_to_settle() == [ClaimToSettle("email", "a", "eve", ADA)]
    claim_book = ClaimBook(frozenset(), frozenset({("email", "a", ADA)}))
    assert (claim_book.admit(ADA, going), claim_book.admit("eve", coming)) == (None, None)
    assert (claim_book.claims_to_acquire(), claim_book.claims_to_settle()) == (
        [ClaimToAcquire("email", "a", "eve")],
        [],
    )
    knowing = ClaimBook(frozenset({("email", "a")}), frozenset({("email", "a", ADA)}))
    assert (knowing.admit(ADA, going), knowing.admit("eve", coming)) == (None, rejection)
    within = ClaimBook(frozenset())
    assert (within.admit("eve", coming), within.admit(ADA, going)) == (None, None)
    assert (within.claims_to_acquire(), within.claims_to_settle()) == ([ClaimToAcquire("email", "a", "eve")], [])
