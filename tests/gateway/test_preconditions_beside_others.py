"""A precondition holds at the moment of the decision, whichever other client sends commands."""

import asyncio
from collections.abc import Callable

import httpx

from contracts.message import Command
from contracts.outcome import Outcome
from contracts.payments.commands import DepositFunds
from contracts.users.commands import UpdateUser
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, deposited, done, is_problem
from tests.gateway.serving import client_of
from workers.ports.commands import CommandMeta


class Interrupted(SystemInMemory):
    """Something happens between a look at a stream and the decision of the command that follows, `times` times."""

    def __init__(self, between: Callable[["Interrupted"], object], times: int = 1) -> None:
        super().__init__()
        self._between = between
        self.times = times

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        if self.times > 0 and meta.expected_version is not None:
            self.times -= 1
            self._between(self)
        return await super().ask(command, meta, wait_seconds)


def moved(system: SystemInMemory) -> None:
    done(system, UpdateUser(user_id="ada-1", city=f"City {len(system.log)}"))


class TestAnotherCommandComesBetween:
    async def test_and_they_still_hold(self) -> None:
        system = Interrupted(moved, times=3)
        async with client_of(system) as http:
            await created(http, user_id="ada-1")
            answer = await http.patch("/users/ada-1", json={"last_name": "King"}, headers={"If-Match": "*"})
            assert answer.status_code == 200
            assert answer.headers["etag"] == '"5"'
            assert (await http.get(answer.headers["content-location"])).json() == answer.json()

    async def test_and_they_hold_no_more(self) -> None:
        system = Interrupted(moved)
        async with client_of(system) as http:
            await created(http, user_id="ada-1")
            answer = await http.patch("/users/ada-1", json={"last_name": "King"}, headers={"If-None-Match": '"2"'})
            assert is_problem(answer, 412, "VersionConflict")
            assert (await http.get("/users/ada-1")).json()["last_name"] == "Lovelace"

    async def test_and_what_was_to_be_made_is_there(self) -> None:
        paid_in = DepositFunds.model_validate({"user_id": "ada-1", "amount": "1.00", "currency": "EUR"})
        async with client_of(Interrupted(lambda system: done(system, paid_in))) as http:
            body = {"amount": "5.00", "currency": "EUR"}
            answer = await http.post("/accounts/ada-1/deposits", json=body, headers={"If-None-Match": "*"})
            assert is_problem(answer, 412, "VersionConflict")
            assert (await http.get("/accounts/ada-1")).json()["balance"] == "1.00"

    async def test_and_so_on_for_ever(self) -> None:
        async with client_of(Interrupted(moved, times=1000)) as http:
            await created(http, user_id="ada-1")
            async with asyncio.timeout(20):
                answer = await http.delete("/users/ada-1", headers={"If-Match": "*"})
            assert is_problem(answer, 412, "VersionConflict")

    async def test_and_a_repeat_gets_the_answer_of_the_first(self) -> None:
        system = Interrupted(moved)
        async with client_of(system) as http:
            await created(http, user_id="ada-1")
            headers = {"If-None-Match": '"9"', "Idempotency-Key": "once"}
            answers = [await http.patch("/users/ada-1", json={"city": "Rome"}, headers=headers) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert len({answer.content for answer in answers}) == 1
            assert [event.event.name for event in system.log].count("UserUpdated") == 2

    async def test_and_a_repeat_of_what_was_made_gets_it_again(self, http: httpx.AsyncClient) -> None:
        headers = {"If-None-Match": "*", "Idempotency-Key": "once"}
        answers = [await http.post("/users", json=ADA, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].content == answers[1].content


async def test_a_precondition_that_cannot_be_judged_is_not_passed_over(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    await deposited(http)
    system.away.add("Postgres")
    before = system.state()
    answer = await http.post(
        "/accounts/ada-1/deposits", json={"amount": "1.00", "currency": "EUR"}, headers={"If-Match": "*"}
    )
    assert is_problem(answer, 503, "Unavailable")
    assert system.state() == before
