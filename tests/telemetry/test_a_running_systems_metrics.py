"""The workers' metrics: the work done, the lag of each lane, and the workers' health."""

import json
import signal
from collections.abc import Callable, Sequence
from functools import partial

import httpx
from prometheus_client.parser import text_string_to_metric_families

from infra.devstack.ports import free_port
from tests.sent_commands import command, create_user, create_users
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
ROLES = ("command", "saga", "projection")


class Endpoint:
    """The HTTP endpoint of a worker."""

    def __init__(self, worker: Worker, port: int) -> None:
        self.worker = worker
        self._url = f"http://127.0.0.1:{port}"

    def status(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(self._url + path, timeout=5)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.json()["status"]

    def scrape(self) -> Samples:
        text = httpx.get(self._url + "/metrics", timeout=5).text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that carry these labels."""
        return sum(
            value
            for (sample_name, sample_labels), value in self.scrape().items()
            if sample_name == name and labels.items() <= dict(sample_labels).items()
        )

    async def becomes(self, path: str, status: tuple[int, str]) -> None:
        async def has_status() -> bool:
            return self.status(path) == status

        await until(has_status, f"{path} of the {self.worker.role} worker is {status}", seconds=60)


async def worker_with_endpoint(system: System, role: str, *, entry: Sequence[str] = ()) -> Endpoint:
    port = free_port()
    return Endpoint(await system.worker(role, entry=entry, metrics_port=port), port)


async def comes_true(condition: Callable[[], bool], claim: str) -> None:
    async def is_true() -> bool:
        return condition()

    await until(is_true, claim, seconds=60)


def nothing_is_left(endpoint: Endpoint, lag: str) -> bool:
    """Whether all lanes are at the end of their topics. The lanes update the gauge every two seconds."""
    return endpoint.total(lag, role=endpoint.worker.role) == 0


async def test_show_what_was_done_and_how_far_behind_each_lane_is(system: System) -> None:
    ada = create_user()
    twin = create_user(email=f"{ada.stream_id}@example.org")
    welcome = command("users.WelcomeUser.v1", "unknown", {"user_id": "unknown"})
    others = create_users(20)
    malformed = ada._replace(headers=[("ce_type", b"users.CreateUser.v1")])
    system.send([ada, *others, welcome, ada])
    endpoints = {role: await worker_with_endpoint(system, role) for role in ROLES}
    for endpoint in endpoints.values():
        await endpoint.becomes("/healthz", (200, "alive"))
        await endpoint.becomes("/readyz", (200, "ready"))
    system.send([twin, malformed])
    await system.handled(2 * 21 + 2, seconds=60)
    await system.settled()
    commands, saga, projection = (endpoints[role] for role in ROLES)
    topics = {name: system.topic(name) for name in ("users.commands", "users.events")}

    await comes_true(
        lambda: commands.total("annals_dead_letters_total", reason="MissingHeader") == 1, "a dead letter is counted"
    )
    kinds = {"context": "users", "type": "users.CreateUser.v1"}
    assert commands.total("annals_commands_total", **kinds, status="accepted", code="") == 21
    assert commands.total("annals_commands_total", **kinds, status="rejected", code="EmailTaken") == 1
    assert commands.total("annals_commands_total", type="users.WelcomeUser.v1", code="UserNotFound") == 1
    assert commands.total("annals_commands_repeated_total", context="users") == 1
    assert commands.total("annals_events_total", context="users") == 42
    assert saga.total("annals_saga_steps_total", saga="welcome", step="welcome") == 21
    assert projection.total("annals_events_projected_total", projection="users") == 42
    assert projection.total("annals_projection_outdated") == 0
    assert commands.total("annals_batch_records_sum", role="command") >= 45
    assert commands.total("annals_batch_seconds_count", role="command") > 0
    partitions = system.settings.partitions
    for endpoint in endpoints.values():
        role = endpoint.worker.role
        topic = topics["users.commands" if role == "command" else "users.events"]
        assert endpoint.total("annals_lanes_held", role=role, topic=topic) == partitions
        assert endpoint.total("annals_lane_takeovers_total", role=role) >= partitions
        for lag in ("annals_lane_lag", "annals_lane_lag_seconds"):
            await comes_true(partial(nothing_is_left, endpoint, lag), f"{role}: {lag} is 0")
        assert endpoint.total("annals_lane_last_progress_timestamp_seconds", role=role, partition="0") > 1.7e9
    for follower in ("orders", "users/orders"):
        lane = {"follower": follower, "topic": system.topic("orders.events"), "partition": "0"}
        assert projection.total("annals_lane_last_progress_timestamp_seconds", **lane) > 1.7e9
    await comes_true(lambda: projection.total("annals_projection_staleness_seconds") == 0, "the read model is current")


async def test_show_a_fenced_owner_and_a_lane_that_was_taken_over(system: System) -> None:
    paused = await worker_with_endpoint(system, "command")
    await paused.becomes("/readyz", (200, "ready"))
    paused.worker.signal(signal.SIGSTOP)
    successor = await worker_with_endpoint(system, "command")
    await system.holding(successor.worker, system.settings.partitions)
    system.send(create_users(100))
    await system.handled(100, seconds=60)
    paused.worker.signal(signal.SIGCONT)
    await paused.becomes("/readyz", (200, "ready"))
    faults = paused.total("annals_lane_fenced_total") + paused.total("annals_lane_takeovers_total")
    assert faults > 0
    lines = [json.loads(line) for line in paused.worker.log().splitlines() if line.startswith("{")]
    assert all(line.get("level") != "error" for line in lines)
