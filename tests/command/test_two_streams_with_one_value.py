"""Two users' addresses that an earlier release distinguished have become equal: one of them holds the address, and what
happens to the other leaves it with him.
"""

from contracts.users.commands import DeleteUser, UpdateUser
from contracts.users.examples import CREATE_ADA
from tests.command.installation import Installation, record

BOB = CREATE_ADA.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
EVE = CREATE_ADA.model_copy(update={"user_id": "eve"})
DELETE_ADA, DELETE_BOB = (DeleteUser(user_id=command.user_id) for command in (CREATE_ADA, BOB))
PLACE = ("email", CREATE_ADA.email.lower())


async def with_two() -> Installation:
    """Both live, with one address between them, and bob is its holder."""
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 0), record(BOB, 1)])
    installation.table.reserve({PLACE: "bob"})
    return installation


async def test_keep_the_holders_claim_when_the_other_goes() -> None:
    installation = await with_two()
    await installation.handle([record(DELETE_ADA, 2)], [record(EVE, 3)])
    assert installation.outcome(2).status == "accepted"
    assert installation.outcome(3).error is not None, "the address is bob's"
    assert installation.table.unique_claims[PLACE] == "bob"


async def test_keep_it_in_the_batch_that_hands_the_value_on() -> None:
    installation = await with_two()
    await installation.handle([record(DELETE_ADA, 2), record(EVE, 3)])
    assert [installation.outcome(number).status for number in (2, 3)] == ["accepted", "rejected"]
    assert installation.table.unique_claims[PLACE] == "bob"


async def test_free_it_with_the_holder() -> None:
    """He gives up the address that he knows himself by; the one that both have is given up by its holder alone."""
    installation = await with_two()
    move = UpdateUser(user_id="bob", email=CREATE_ADA.email)
    await installation.handle([record(move, 2)])
    refused = installation.outcome(2)
    assert (refused.status, refused.error and refused.error.code) == ("rejected", "EmailTaken")
    installation.table.reserve({PLACE: CREATE_ADA.user_id})
    await installation.handle([record(DELETE_ADA, 3), record(move, 4)])
    assert installation.outcome(4).status == "accepted"
    assert installation.table.unique_claims[PLACE] == "bob"
