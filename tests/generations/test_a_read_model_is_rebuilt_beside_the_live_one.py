"""`annals projections`: a new generation is built while queries go on, compared, switched to and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from tests.audit import audit
from tests.sent_commands import Sent, command, create_users
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until

CHANGED = "tests.generations.changed_code"
WHY = ("--reason", "a test")


class Reader:
    """Asks for one card again and again, as a user's page does."""

    def __init__(self, system: System, user_id: str) -> None:
        self.models = RedisReadModels(system.redis, Keys(system.settings.topic_prefix))
        self.user_id = user_id
        self.answers = 0
        self.seen: list[str] = []

    async def card(self) -> Any:
        return await self.models.document("users", self.user_id)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._read())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert not task.cancelled() or self.answers, "it was answered"

    async def _read(self) -> None:
        while True:
            card = await self.card()
            assert card is not None, "a query found nothing"
            kind = "new" if "greeting" in card else "old"
            if self.seen[-1:] != [kind]:
                self.seen.append(kind)
            self.answers += 1
            await asyncio.sleep(0.005)


async def _some(system: System, count: int, *, before: int = 0) -> list[Sent]:
    """Create this number of users; wait until they are welcomed and shown, next to the earlier ones."""
    users = list(create_users(count))
    system.send(users)
    await system.handled(2 * (before + count))
    await system.settled()
    return users


async def _rebuilt(system: System, *options: str, entry: str = CHANGED) -> Any:
    ran = await system.annals("projections", "rebuild", "users", "--json", *options, entry=entry)
    assert ran.code == 0, ran.errors
    return ran.json()


async def test_and_queries_are_answered_throughout(system: System) -> None:
    for role in ("command", "saga"):
        await system.worker(role)
    old_code = await system.worker("projection")
    users = await _some(system, 500)
    reader = Reader(system, users[0].stream_id)
    async with reader.reading():
        # The new code is deployed: it goes on with the live generation, and says that it did not begin it.
        assert await old_code.stop() == 0
        new_code = await system.worker("projection", entry=(CHANGED, "worker", "projection"))

        async def says_so() -> bool:
            return "annals projections rebuild users" in new_code.log()

        await until(says_so, "the worker says that the code has changed", seconds=60)
        assert await _rebuilt(system) == {"projection": "users", "generation": 2, "documents": 500}
        await _some(system, 20, before=500)
        diff = await system.annals("projections", "diff", "users", "--json", entry=CHANGED)
        assert diff.code == 1, "they differ"
        difference = diff.json()
        # The late ones were written by the new code in both.
        assert (difference["same"], difference["different"]) == (20, 500)
        assert (difference["only_in_live"], difference["only_in_built"]) == (0, 0)
        assert difference["fields"] == {"city": 500, "greeting": 500}
        assert difference["samples"][0]["fields"]["greeting"] == [None, "Hello Ada"]
        assert reader.seen == ["old"]
        switched = await system.annals(
            "projections", "switch", "users", "--json", "--reason", "greetings", entry=CHANGED
        )
        assert switched.json() == {"projection": "users", "before": 1, "live": 2}, switched.errors
        assert (await reader.card())["greeting"] == "Hello Ada"
        await _shows_new_events(system, reader, users[0], "Second")
        back = await system.annals(
            "projections", "switch", "users", "--back", "--json", "--reason", "a look back", entry=CHANGED
        )
        assert back.json() == {"projection": "users", "before": 2, "live": 1}, back.errors
        card = await reader.card()
        assert card["last_name"] == "Second", "what came while another was live is there too"
        await _shows_new_events(system, reader, users[0], "Third")
    assert "new" in reader.seen
    everything = (await system.annals("projections", "list", "--json", entry=CHANGED)).json()
    listed = [generation for generation in everything if generation["projection"] == "users"]
    assert [(generation["number"], generation["live"], generation["previous"]) for generation in listed] == [
        (1, True, False),
        (2, False, True),
    ]
    assert [generation["by_this_code"] for generation in listed] == [False, True]
    assert await new_code.stop() == 0


async def _shows_new_events(system: System, reader: Reader, user: Sent, last_name: str) -> None:
    """The workers keep the live generation up to date, whichever it is."""
    fields = {"user_id": user.stream_id, "last_name": last_name}
    system.send([command("users.UpdateUser.v1", user.stream_id, fields)])

    async def shown() -> bool:
        return bool((await reader.card())["last_name"] == last_name)

    await until(shown, "the live generation shows what has just happened", seconds=30)


async def test_and_by_the_same_code_it_is_the_same(system: System) -> None:
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    await _some(system, 200)
    nothing = await system.annals("projections", "diff", "users")
    assert (nothing.code, "projections rebuild users" in nothing.errors) == (1, True)
    assert (await system.annals("projections", "switch", "users", "--back", *WHY)).code == 1
    await _rebuilt(system, entry="infra.cli.main")
    same = await system.annals("projections", "diff", "users")
    assert (same.code, "the two generations agree" in same.output) == (0, True), same
    assert (await system.annals("projections", "switch", "users", *WHY)).code == 0
    code, verdict = await verified(system)
    assert code == 0, verdict
    # Once more: the first generation is the one before, the third is new, and nothing else is left.
    assert (await _rebuilt(system, entry="infra.cli.main"))["generation"] == 3
    assert (await system.annals("projections", "switch", "users", *WHY)).code == 0
    assert (await _rebuilt(system, entry="infra.cli.main"))["generation"] == 4
    prefix = f"{system.settings.topic_prefix}annals:users:"
    numbers = {key.removeprefix(prefix.encode()).split(b":")[0] for key in await system.redis.keys(f"{prefix}[0-9]*")}
    assert numbers == {b"2", b"3", b"4"}


async def test_and_an_emptied_redis_is_filled_again_whichever_was_live(system: System) -> None:
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    users = await _some(system, 100)
    await _rebuilt(system, entry="infra.cli.main")
    assert (await system.annals("projections", "switch", "users", *WHY)).code == 0
    await system.redis.flushdb()
    await system.settled(seconds=60)
    await audit(system, users)
