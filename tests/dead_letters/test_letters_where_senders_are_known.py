"""Where identities are proven: a retry is by whoever sent the command, and for those only who may send it."""

from contracts.identity import KEY_BYTES, Identities, IdentityKey
from contracts.principal import Principal
from contracts.users.examples import CREATE_ADA
from tests.dead_letters.in_memory import DeskInMemory

ADA = Principal(CREATE_ADA.user_id)
KEYS = Identities([IdentityKey("1", b"k" * KEY_BYTES)])


async def test_a_command_that_failed_is_done_in_the_name_of_its_sender() -> None:
    desk = DeskInMemory(KEYS)
    letter = (await desk.failed(CREATE_ADA, 1, ADA)).letter
    (result,) = await desk.retrying().retry([letter], desk.operator("clerk"), force=False, wait_seconds=1.0)
    assert result.outcome is not None
    assert result.outcome.status == "accepted"
    assert [event.actor for rows in desk.table.events.values() for event in rows] == [ADA.name]


async def test_a_command_that_its_sender_may_not_send_is_not_sent_again() -> None:
    desk = DeskInMemory(KEYS)
    letter = (await desk.failed(CREATE_ADA, 1, ADA)).letter
    headers = [header for header in letter.original.headers if header[0] != "ce_identity"]
    unsigned = letter._replace(original=letter.original._replace(headers=headers))
    before = desk.sent
    (result,) = await desk.retrying().retry([unsigned], desk.operator(), force=False, wait_seconds=1.0)
    assert (result.sent, desk.sent) == (False, before)
    assert result.plan.preview[:2] == ("rejected", "Forbidden")
    assert "it has no identity" in result.plan.preview.explanation
