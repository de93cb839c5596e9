"""From HTTP to HTTP through the real servers and the real workers, and from the command line too."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from tests.gateway.requests import ADA, created, is_problem
from tests.gateway.running import Running, annals, is_ready, timed
from tests.servers import Servers
from tests.waiting import until

SOON_SECONDS = 7.0


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 65_536


async def test_at_first_none_of_its_servers_is_said_to_be_away(running: Running) -> None:
    """Before the others, which kill some."""
    assert await is_ready(running.http)
    assert "not ready" not in (running.folder / "gateway.log").read_text()


async def test_what_is_written_is_read_and_what_is_wrong_is_refused(running: Running) -> None:
    http, user = running.http, {**ADA, "email": "whole@example.org"}
    answer = await created(http, email=user["email"], password="correct horse")
    place, position = answer.headers["location"], answer.headers["x-annals-position"]
    card = await http.get(place, headers={"X-Annals-Position": position})
    assert (card.status_code, card.json()["email"]) == (200, user["email"])
    query = "SELECT secret FROM annals.credentials WHERE stream_id = $1"
    secret = await running.system.value(query, place.rpartition("/")[2])
    assert secret.startswith("$argon2id$")
    assert "correct horse" not in (running.folder / "gateway.log").read_text()

    async def welcomed() -> bool:
        return (await http.get(place)).json()["welcomed_at"] is not None

    await until(welcomed, "the welcome follows by itself")

    assert is_problem(await http.post("/users", json=user), 409, "EmailTaken")
    stale = await http.patch(place, json={"city": "Turin"}, headers={"If-Match": '"1"'})
    assert is_problem(stale, 412, "VersionConflict")
    tag = (await http.get(place)).headers["etag"]
    changed = await http.patch(place, json={"city": None}, headers={"If-Match": tag})
    seen = await http.get(place, headers={"If-None-Match": changed.headers["etag"]})
    assert seen.status_code == 304
    assert (await http.get(place)).json()["city"] is None

    assert is_problem(await http.post("/users", content=b" " * 2_000_000), 413, "BodyTooLarge")
    assert is_problem(await http.post("/users", content=chunks(40)), 413, "BodyTooLarge")

    keyed = [
        await http.post("/users", json={**ADA, "email": "twice@example.org"}, headers={"Idempotency-Key": "once more"})
        for _ in range(3)
    ]
    assert {answer.status_code for answer in keyed} == {201}
    assert len({answer.content for answer in keyed}) == 1
    assert (await http.get(keyed[0].headers["content-location"])).content == keyed[0].content

    gone = await http.delete(place)
    assert gone.status_code == 204
    after = await http.get(place, headers={"X-Annals-Position": gone.headers["x-annals-position"]})
    assert is_problem(after, 404, "UserNotFound")


async def test_a_user_is_welcomed_no_sooner_than_asked_for(running: Running) -> None:
    http = running.http
    answer = await created(http, email="later@example.org", welcome_after_seconds=2)
    reached = {"X-Annals-Position": answer.headers["x-annals-position"]}

    async def welcomed() -> dict[str, Any] | None:
        card: dict[str, Any] = (await http.get(answer.headers["location"], headers=reached)).json()
        return card if card["welcomed_at"] else None

    card = await until(welcomed, "the welcome follows when its time has come")
    assert card is not None
    since, at = (datetime.fromisoformat(card[field]) for field in ("created_at", "welcomed_at"))
    assert (at - since).total_seconds() >= 2


async def test_the_command_line_sends_too(running: Running, tmp_path: Path) -> None:
    names = ("first_name=Ada", "last_name=Lovelace")
    settings = running.settings
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    fields = (*names, "email=line@example.org", f"password=@{secret}")
    sent = await annals(settings, "send", "users.CreateUser", *fields, "--json")
    assert sent.code == 0, sent.errors
    outcome = json.loads(sent.output)
    assert outcome["status"] == "accepted"
    assert (await running.http.get(f"/commands/{outcome['command_id']}")).json() == outcome
    query = "SELECT secret FROM annals.credentials WHERE stream_id = $1"
    assert (await running.system.value(query, outcome["stream_id"])).startswith("$argon2id$")

    refused = await annals(settings, "send", "users.CreateUser", *names, "email=LINE@example.org")
    assert refused.code == 1
    assert "EmailTaken" in refused.output

    lines: list[dict[str, Any]] = [
        {"type": "users.WelcomeUser", "data": {"user_id": outcome["stream_id"]}},
        {"type": "users.UpdateUser.v1", "data": {"user_id": outcome["stream_id"], "city": None}},
        *({"type": "users.CreateUser", "data": {**ADA, "email": f"line-{n}@example.org"}} for n in range(300)),
    ]
    file = tmp_path / "commands.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    many = await annals(settings, "send", "--file", str(file), "--json")
    assert many.code == 0, many.errors
    assert [json.loads(line)["type"].split(".")[1] for line in many.output.splitlines()] == [
        line["type"].split(".")[1] for line in lines
    ]


async def test_with_a_server_killed_the_answer_is_503_and_all_is_well_when_it_is_back(
    running: Running, servers: Servers
) -> None:
    if servers.stack is None:
        pytest.skip("only the embedded servers can be killed")
    http = running.http
    place = (await created(http, email="killed@example.org")).headers["location"]
    for number, (server, name) in enumerate((("kafka", "Kafka"), ("postgres", "Postgres"), ("redis", "Redis"))):
        await servers.stack.kill(server)
        try:
            user = {**ADA, "email": f"killed-{number}@example.org"}
            for _ in range(2):
                answer = await timed(http.get(place) if server == "redis" else http.post("/users", json=user))
                assert is_problem(answer.response, 503, "Unavailable"), server
                assert answer.problem()["server"] == name
                assert answer.seconds < SOON_SECONDS, (server, (running.folder / "gateway.log").read_text()[-3000:])
            readiness = await timed(http.get("/readyz"))
            assert readiness.problem()["missing"] == [server]
            assert (await http.get("/healthz")).status_code == 200
        finally:
            await servers.stack.restart(server)

        async def works(email: str = f"again-{number}@example.org") -> bool:
            if not await is_ready(http):
                return False
            answer = await http.post("/users", json={**ADA, "email": email}, headers={"Idempotency-Key": email})
            return answer.status_code == 201

        await until(works, f"users are made again after {server} was away", seconds=90, every=0.5)

        # Another lane than the one above, perhaps: its worker may still wait before it tries again.
        async def seen(email: str = f"seen-{number}@example.org") -> bool:
            answer = await http.post("/users", json={**ADA, "email": email}, headers={"Idempotency-Key": email})
            if answer.status_code != 201:
                return False
            position = answer.headers["x-annals-position"]
            return (await http.get("/users", headers={"X-Annals-Position": position})).status_code == 200

        await until(seen, f"the read model follows again after {server} was away", seconds=90, every=0.5)


async def test_a_taken_port_and_an_open_address_end_the_gateway_at_once(settings: Settings) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ended = await annals(settings, "gateway", ANNALS_HTTP_PORT=str(port))
    assert ended.code == 1
    assert str(port) in ended.errors
    ended = await annals(settings, "gateway", ANNALS_HTTP_HOST="0.0.0.0")  # noqa: S104 - refused
    assert ended.code == 2
    assert "authentication" in ended.errors


async def test_who_lives_is_never_not_found_and_no_money_is_doubled_while_redis_loses_it_all(running: Running) -> None:
    http, redis = running.http, running.system.redis
    user = (await created(http, email="emptied@example.org")).json()["stream_id"]
    deposit = await http.post(f"/accounts/{user}/deposits", json={"amount": "100.00", "currency": "EUR"})
    places = (f"/users/{user}", f"/accounts/{user}")

    async def shown(position: str | None = None) -> bool:
        answers = [
            await http.get(place, headers={"X-Annals-Position": position} if position else {}) for place in places
        ]
        assert {answer.status_code for answer in answers} <= {200, 503}, [answer.text for answer in answers]
        if any(answer.status_code == 503 for answer in answers):
            return False
        assert answers[1].json()["balance"] == "100.00"
        return True

    async def shown_by_now() -> bool:
        return await shown(deposit.headers["x-annals-position"])

    await until(shown_by_now, "both are shown", seconds=60)
    await redis.flushdb()
    await until(shown, "both are shown again", seconds=60)
    await until(shown_by_now, "and the position is reached", seconds=60)

    positions = await redis.keys("*annals:*:checkpoint:*")
    await redis.delete(*positions)
    await until(shown_by_now, "the position is reached again", seconds=60)
