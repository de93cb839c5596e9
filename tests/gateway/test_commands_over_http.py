"""A request becomes a command, and its outcome becomes the answer."""

from uuid import UUID

import httpx
import pytest

from contracts.users.commands import UpdateUser
from contracts.users.events import UserDeleted
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.read_models_in_memory import lane_of
from tests.gateway.requests import ADA, created, is_problem
from workers.gateway.command_dispatcher import MAX_OUTCOMES


async def test_a_new_user_is_answered_with_the_outcome_and_its_places(http: httpx.AsyncClient) -> None:
    answer = await created(http)
    outcome = answer.json()
    assert outcome["status"] == "accepted"
    assert [event["type"] for event in outcome["events"]] == ["users.UserCreated.v2"]
    assert UUID(outcome["stream_id"]).version == 7
    assert answer.headers["location"] == f"/users/{outcome['stream_id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["x-annals-position"] == f"users:{lane_of(outcome['stream_id'])}:1"
    assert (await http.get(answer.headers["content-location"])).json() == outcome


async def test_a_given_user_id_is_kept(http: httpx.AsyncClient) -> None:
    assert (await created(http, user_id="ada-1")).headers["location"] == "/users/ada-1"


async def test_a_business_no_is_a_problem_with_its_code(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(http, user_id="ada-1")
    rejected = await http.post("/users", json={**ADA, "email": "ADA@example.org"})
    assert is_problem(rejected, 409, "EmailTaken")
    assert rejected.json()["command_id"]
    again = await http.post("/users", json={**ADA, "user_id": "ada-1", "email": "other@example.org"})
    assert is_problem(again, 409, "UserAlreadyExists")
    assert (await http.get("/users/ada-1")).json()["email"] == ADA["email"]
    assert [event.event.name for event in system.log] == ["UserCreated"], "a rejection leaves no event"
    for refused in (rejected, again):
        stored = (await http.get(f"/commands/{refused.json()['command_id']}")).json()
        assert (stored["status"], stored["error"]["code"]) == ("rejected", refused.json()["code"])
        assert stored["correlation_id"] == refused.json()["correlation_id"] == refused.headers["x-correlation-id"]
        assert refused.headers["x-annals-position"].startswith("users:")
        assert "etag" not in refused.headers
    assert is_problem(await http.patch("/users/nobody", json={"city": "Turin"}), 404, "UserNotFound")
    assert is_problem(await http.delete("/users/nobody"), 404, "UserNotFound")


async def test_of_several_commands_with_one_id_each_is_found_by_its_stream(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    """Somebody has used the id for a stream of their own: it gives away nothing and stands in nobody's way."""
    asked = {"Idempotency-Key": "once"}
    system.handles = False
    place = (await http.post("/users", json=ADA | {"user_id": "ada-1"}, headers=asked | {"Prefer": "wait=0"})).headers
    command, meta = system.sent[-1]
    system.handles = True
    burnt = UpdateUser(user_id="mallory", city="Turin")
    system.handle(burnt, meta)
    for number in range(MAX_OUTCOMES):
        system.handle(UpdateUser(user_id=f"mallory-{number}", city="Turin"), meta)
    rightful = system.handle(command, meta)
    assert (rightful.status, rightful.stream_id) == ("accepted", "ada-1")
    several = await http.get(place["location"])
    assert is_problem(several, 409, "SeveralCommands")
    assert several.json()["streams"][:2] == ["users/mallory", "users/mallory-0"]
    assert len(several.json()["streams"]) == MAX_OUTCOMES
    for outcome in (rightful, system.handle(burnt, meta)):
        one = await http.get(place["location"], params={"stream": f"users/{outcome.stream_id}"})
        assert (one.json()["stream_id"], one.json()["status"]) == (outcome.stream_id, outcome.status)
    assert is_problem(await http.get(place["location"], params={"stream": "users/eve"}), 404, "CommandNotFound")
    for malformed in ("users", "/eve", "users/", "users/e\0ve", "Users/eve", "users/ eve", "users/" + 513 * "e"):
        refused = await http.get(place["location"], params={"stream": malformed})
        assert is_problem(refused, 422, "ValidationFailed"), malformed
    again = await http.post("/users", json=ADA | {"user_id": "ada-1"}, headers=asked)
    assert (again.status_code, again.json()["stream_id"]) == (201, "ada-1")


async def test_put_replaces_the_whole_profile(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(http, user_id="ada-1")
    profile = {"first_name": "Augusta", "last_name": "King", "email": "ada@example.org"}
    answer = await http.put("/users/ada-1", json=profile)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    outcome = answer.json()
    assert (outcome["status"], outcome["stream_id"], outcome["stream_version"]) == ("accepted", "ada-1", 2)
    assert [event["type"] for event in outcome["events"]] == ["users.UserUpdated.v1"]
    assert answer.headers["content-location"] == f"/commands/{outcome['command_id']}"
    assert answer.headers["content-type"] == "application/json"
    assert "location" not in answer.headers
    card = (await http.get("/users/ada-1")).json()
    assert (card["first_name"], card["last_name"], card["city"]) == ("Augusta", "King", None)
    again = await http.put("/users/ada-1", json=profile)
    assert (again.status_code, again.json()["events"], again.headers["etag"]) == (200, [], '"2"')
    assert len(system.log) == 2, "what changes nothing leaves no event"


async def test_patch_changes_what_is_given_and_null_clears_a_city(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    await created(http, user_id="ada-1")
    await http.patch("/users/ada-1", json={"last_name": "King"})
    assert system.sent[-1][0] == UpdateUser(user_id="ada-1", last_name="King")
    assert system.sent[-1][0].model_fields_set == {"user_id", "last_name"}
    await http.patch("/users/ada-1", json={"city": None})
    card = (await http.get("/users/ada-1")).json()
    assert (card["first_name"], card["last_name"], card["city"]) == ("Ada", "King", None)


async def test_a_deleted_user_is_gone(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(http, user_id="ada-1")
    answer = await http.delete("/users/ada-1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert system.log[-1].event == UserDeleted(user_id="ada-1")
    assert not {"etag", "location", "content-type"} & answer.headers.keys()
    assert (await created(http, user_id="ada-2")).status_code == 201, "the address is free again"
    gone = await http.get("/users/ada-1", headers={"X-Annals-Position": answer.headers["x-annals-position"]})
    assert is_problem(gone, 404, "UserNotFound")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_if_match_changes_nothing(http: httpx.AsyncClient, method: str) -> None:
    await created(http, user_id="ada-1")
    await http.patch("/users/ada-1", json={"city": "Turin"})
    body = None if method == "DELETE" else {**ADA, "city": "Paris"}
    stale = await http.request(method, "/users/ada-1", headers={"If-Match": '"1"'}, json=body)
    assert is_problem(stale, 412, "VersionConflict")
    assert stale.json()["details"] == {"expected": 1, "actual": 2}
    assert (await http.get("/users/ada-1")).json()["city"] == "Turin"
    current = await http.request(method, "/users/ada-1", headers={"If-Match": '"2"'}, json=body)
    assert current.status_code == (204 if method == "DELETE" else 200)
    after = await http.get("/users/ada-1")
    if method == "DELETE":
        assert is_problem(after, 404, "UserNotFound")
    else:
        assert (after.json()["city"], after.headers["etag"]) == ("Paris", '"3"')


@pytest.mark.parametrize("tag", ['W/"1"', '"one"', '"8", "9"'])
async def test_an_if_match_that_names_no_version_matches_nothing(http: httpx.AsyncClient, tag: str) -> None:
    await created(http, user_id="ada-1")
    assert is_problem(await http.delete("/users/ada-1", headers={"If-Match": tag}), 412, "VersionConflict")


async def test_an_if_match_without_quotes_is_refused_with_advice(http: httpx.AsyncClient) -> None:
    refused = await http.delete("/users/ada-1", headers={"If-Match": "1"})
    assert is_problem(refused, 422, "ValidationFailed")
    assert "quotes" in refused.json()["detail"]


class TestWaiting:
    async def test_a_command_that_is_not_handled_in_time_is_a_202(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        system.handles = False
        answer = await http.post("/users", json=ADA, headers={"Prefer": "wait=0"})
        assert answer.status_code == 202
        assert answer.json()["status"] == "pending"
        place = answer.headers["location"]
        assert place == f"/commands/{answer.json()['command_id']}"
        assert is_problem(await http.get(place), 404, "CommandNotFound")
        system.handle(*system.sent[0])
        assert (await http.get(place)).json()["status"] == "accepted"

    async def test_a_lost_reply_is_made_up_for_by_the_stored_outcome(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        system.loses_replies = True
        assert (await http.post("/users", json=ADA, headers={"Prefer": "wait=20"})).status_code == 201
        again = {**ADA, "email": "other@example.org"}
        assert (await http.post("/users", json=again, headers={"Prefer": "respond-async"})).status_code == 201

    async def test_an_outcome_can_be_waited_for(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        system.handles = False
        pending = await http.post("/users", json=ADA, headers={"Prefer": "wait=0"})
        system.handle(*system.sent[0])
        response = await http.get(pending.headers["location"], headers={"Prefer": "wait=30"})
        assert response.json()["status"] == "accepted"

    async def test_an_id_that_is_none_is_refused(self, http: httpx.AsyncClient) -> None:
        assert is_problem(await http.get("/commands/none"), 422, "ValidationFailed")


class TestPasswords:
    async def test_only_the_hash_is_sent(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await created(http, password="correct horse")
        command, _ = system.sent[0]
        assert system.passwords == ["correct horse"]
        assert b"correct horse" not in command.to_json()
        assert b"$argon2id$" in command.to_json()

    @pytest.mark.parametrize("password", ["short-7", "hunter2" * 40])
    async def test_a_password_of_a_wrong_length_is_refused_and_not_repeated(
        self, http: httpx.AsyncClient, system: SystemInMemory, password: str
    ) -> None:
        refused = await http.post("/users", json={**ADA, "password": password})
        assert is_problem(refused, 422, "ValidationFailed")
        assert [error["field"] for error in refused.json()["errors"]] == ["password"]
        assert password not in refused.text
        assert system.passwords == []

    async def test_a_misspelt_field_does_not_give_the_password_away(self, http: httpx.AsyncClient) -> None:
        refused = await http.post("/users", json={**ADA, "passwort": "correct horse"})
        assert is_problem(refused, 422, "ValidationFailed")
        assert "correct horse" not in refused.text


async def test_correlation_and_trace_go_along(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await http.post("/users", json=ADA, headers={"X-Correlation-Id": "shop/42", "traceparent": trace})
    assert answer.headers["x-correlation-id"] == "shop/42"
    assert answer.json()["correlation_id"] == "shop/42"
    _, meta = system.sent[0]
    assert (meta.correlation_id, meta.traceparent, meta.causation_id) == ("shop/42", trace, meta.command_id)


async def test_a_request_without_a_correlation_id_is_given_one(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    answer = await created(http)
    assert UUID(answer.headers["x-correlation-id"])
    assert system.sent[0][1].correlation_id == answer.headers["x-correlation-id"]


async def test_a_malformed_trace_is_passed_over(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await http.post("/users", json=ADA, headers={"traceparent": "00-zero"})
    assert system.sent[0][1].traceparent is None
