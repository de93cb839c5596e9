"""A command is decided for those whom the rules allow it. For others it is rejected, and they learn nothing."""

from typing import Any

import pytest

from contracts.envelope import read_command
from contracts.identity import KEY_BYTES, FixedIdentities, Identities, IdentityKey
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal, saga_principal
from contracts.users.examples import CREATE_ADA, MOVE_ADA_TO_TURIN, WELCOME_ADA
from tests.command.installation import Installation, command_id, record
from tests.counted import Counted
from workers.command.refusals import refusal_id
from workers.ports.log import InboundRecord

KEY = IdentityKey("1", b"k" * KEY_BYTES)
KEYS = Identities([KEY])
ADA, MALLORY = Principal(CREATE_ADA.user_id), Principal("mallory")
STAFF, READER = Principal("clerk", frozenset({"users.write"})), Principal("clerk", frozenset({"users.read"}))
WELCOME = saga_principal("welcome")


def sent(
    command: Command, number: int, principal: Principal | None, *, value: bytes | None = None, **more: Any
) -> InboundRecord:
    """The record of a command, with the identity of its sender."""
    plain = record(command, number, value=value, **more)
    if principal is None:
        return plain
    envelope = read_command(plain.headers, plain.key)
    return plain._replace(headers=KEYS.signed(principal, envelope, plain.value or b"").to_headers())


@pytest.fixture
def installation() -> Installation:
    return Installation(identities=FixedIdentities(KEYS))


def outcome_of(installation: Installation, number: int) -> Outcome:
    """The last outcome that the n-th command was answered with."""
    replies = dict(installation.replies)
    return Outcome.model_validate_json(replies[command_id(number)])


@pytest.mark.parametrize("principal", [ADA, STAFF], ids=["its owner", "the staff"])
async def test_who_may_is_the_actor(installation: Installation, principal: Principal) -> None:
    await installation.handle([sent(CREATE_ADA, 1, principal)])
    assert outcome_of(installation, 1).status == "accepted"
    (event,) = installation.table.events
    assert event.actor == principal.name, "not what ce_actor says"


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        (None, "Who sent this one is not known: it has no identity (ce_identity)."),
        (MALLORY, "only."),
        (READER, "only."),
        (WELCOME, "only."),
        (Principal("service:shop"), "only."),
    ],
    ids=["nobody", "a stranger", "a reader", "a saga", "a service"],
)
async def test_who_may_not_is_told_whom_it_is_for_and_nothing_of_the_stream(
    installation: Installation, principal: Principal | None, said: str
) -> None:
    await installation.handle([sent(CREATE_ADA, 1, ADA)])
    before = len(installation.table.events)
    await installation.handle([sent(MOVE_ADA_TO_TURIN, 2, principal, offset=1)])
    outcome = outcome_of(installation, 2)
    assert (outcome.status, outcome.stream_version, outcome.events) == ("rejected", 0, ())
    assert outcome.error is not None
    assert outcome.error.code == "Forbidden"
    assert outcome.error.message.startswith("UpdateUser is for the scope users.write or its owner only.")
    assert outcome.error.message.endswith(said)
    assert outcome.error.details == {"needs": ["the scope users.write", "its owner"]}
    assert len(installation.table.events) == before


async def test_only_its_saga_sends_what_is_a_sagas_and_the_actor_is_whom_it_acts_for(
    installation: Installation,
) -> None:
    await installation.handle([sent(CREATE_ADA, 1, ADA)])
    senders = [ADA, STAFF, saga_principal("fulfilment"), Principal("welcome"), WELCOME]
    for number, principal in enumerate(senders, start=2):
        await installation.handle([sent(WELCOME_ADA, number, principal, offset=number)])
    statuses = [outcome_of(installation, number).status for number in range(2, 7)]
    assert statuses == ["rejected"] * 4 + ["accepted"]
    assert installation.table.events[-1].actor == "tester", "ce_actor of the saga's command"


USUAL = [name for name, _ in sent(CREATE_ADA, 1, ADA).headers if name not in ("ce_id", "ce_type", "ce_specversion")]
COVERED = [name for name in USUAL if name not in ("ce_subject", "content-type")]


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("in_order", [True, False], ids=["as usual", "in another order"])
async def test_a_command_that_was_changed_after_it_was_signed_is_nobodys(
    installation: Installation, name: str, in_order: bool
) -> None:
    signed = sent(CREATE_ADA, 1, ADA)
    headers = [(header, value + b"0" if header == name else value) for header, value in signed.headers]
    changed = signed._replace(headers=headers if in_order else headers[::-1])
    await installation.handle([changed])
    assert not installation.table.events
    await installation.handle([signed._replace(headers=signed.headers[:: 1 if in_order else -1], offset=1)])
    assert len(installation.table.events) == 1, "the control: as it was signed it is believed"


async def test_a_version_that_is_asked_for_is_not_a_way_to_learn_it(installation: Installation) -> None:
    await installation.handle([sent(CREATE_ADA, 1, ADA)])
    await installation.handle([sent(MOVE_ADA_TO_TURIN, 2, MALLORY, offset=1, expected_version=99)])
    error = outcome_of(installation, 2).error
    assert error is not None
    assert error.code == "Forbidden"


async def test_nor_is_a_command_with_wrong_fields(installation: Installation) -> None:
    await installation.handle([sent(CREATE_ADA, 1, ADA)])
    await installation.handle([sent(MOVE_ADA_TO_TURIN, 2, MALLORY, offset=1, value=b'{"city": 3}')])
    outcome = outcome_of(installation, 2)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.stream_version) == ("ValidationFailed", 0)


async def test_a_repeat_by_another_is_not_answered_with_the_first_outcome(installation: Installation) -> None:
    await installation.handle([sent(CREATE_ADA, 1, ADA)])
    await installation.handle([sent(CREATE_ADA, 1, MALLORY, offset=1)])
    await installation.handle([sent(CREATE_ADA, 1, ADA, offset=2)])
    outcomes = [Outcome.model_validate_json(outcome) for _, outcome in installation.replies]
    assert [outcome.error and outcome.error.code for outcome in outcomes] == [None, "Forbidden", None]
    assert outcome_of(installation, 1).status == "accepted"


async def test_who_is_refused_takes_no_id_from_the_rightful_sender(installation: Installation) -> None:
    """Neither with the same command, nor with another one of the same stream, nor with one that is none."""
    await installation.handle(
        [
            sent(CREATE_ADA, 1, MALLORY),
            sent(MOVE_ADA_TO_TURIN, 2, MALLORY, offset=2),
            sent(MOVE_ADA_TO_TURIN, 3, MALLORY, offset=3, value=b'{"city": 3}'),
        ]
    )
    assert not {command_id(number) for number in (1, 2, 3)} & {*installation.table.handled}
    rightful = enumerate([CREATE_ADA, MOVE_ADA_TO_TURIN, MOVE_ADA_TO_TURIN], start=1)
    await installation.handle([sent(command, number, ADA, offset=3 + number) for number, command in rightful])
    assert [outcome_of(installation, number).status for number in (1, 2, 3)] == ["accepted"] * 3


async def test_the_control_without_rules_everybody_is_believed() -> None:
    installation = Installation()
    await installation.handle([sent(CREATE_ADA, 1, None), sent(MOVE_ADA_TO_TURIN, 2, MALLORY)])
    assert [outcome_of(installation, number).status for number in (1, 2)] == ["accepted"] * 2
    assert installation.table.events[0].actor == "tester", "what ce_actor says"


class KeyMadeSince:
    """`IdentitySource` of which a new key is known only when it is asked again."""

    def __init__(self) -> None:
        self.asked = 0

    async def current(self) -> Identities:
        return Identities([])

    async def renewed(self, than: Identities) -> Identities:
        self.asked += 1
        return KEYS


async def test_a_key_that_was_made_since_is_looked_up_before_anything_is_final() -> None:
    source = KeyMadeSince()
    installation = Installation(identities=source)
    await installation.handle([sent(CREATE_ADA, 1, ADA), sent(MOVE_ADA_TO_TURIN, 2, ADA)])
    assert outcome_of(installation, 2).status == "accepted"
    assert source.asked == 1


async def test_a_record_that_was_refused_before_stops_no_lane(installation: Installation) -> None:
    """As in a topic that was made anew: whoever sends the same once more must not make the commit fail for ever."""
    for _ in range(2):
        await installation.handle([sent(CREATE_ADA, 1, MALLORY, offset=0), sent(CREATE_ADA, 2, None, offset=1)])
    await installation.handle([sent(CREATE_ADA, 1, ADA, offset=0)])
    assert outcome_of(installation, 1).status == "accepted"


async def test_a_refusal_is_kept_under_an_id_of_its_own(installation: Installation) -> None:
    refused = sent(CREATE_ADA, 1, MALLORY, offset=7)
    await installation.handle([refused])
    (stored,) = (Outcome.model_validate_json(row.outcome) for row in installation.table.handled.values())
    assert stored.command_id == refusal_id(command_id(1), refused)
    assert outcome_of(installation, 1).command_id == command_id(1)


async def test_which_is_that_of_its_content_wherever_it_stands(installation: Installation) -> None:
    """A copy that was sent on to another lane is the same; the same by another sender, or of another value, is not."""
    refused = sent(CREATE_ADA, 1, MALLORY)
    assert refusal_id(command_id(1), refused) == refusal_id(command_id(1), refused._replace(partition=5, offset=99))
    others = [
        sent(CREATE_ADA, 1, WELCOME),
        sent(MOVE_ADA_TO_TURIN, 1, MALLORY),
        refused._replace(value=b"{}"),
        refused._replace(headers=[*refused.headers, ("x", b"")]),
        refused._replace(key=b"", value=(refused.key or b"") + (refused.value or b"")),
    ]
    assert len({refusal_id(command_id(1), record) for record in [refused, *others]}) == 6


async def test_the_same_refused_again_is_kept_once_and_answered_each_time(installation: Installation) -> None:
    repeats = Counted(annals_commands_repeated_total={"context": "users"})
    refused = sent(CREATE_ADA, 1, MALLORY)
    await installation.handle([refused, refused._replace(offset=1)])
    await installation.handle([refused._replace(offset=2)])
    assert repeats.grown() == {"annals_commands_repeated_total": 2}
    assert len(installation.table.handled) == 1
    outcomes = [Outcome.model_validate_json(outcome) for _, outcome in installation.replies]
    assert [outcome.error and outcome.error.code for outcome in outcomes] == ["Forbidden"] * 3
