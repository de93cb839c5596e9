"""How pods start, serve, stop and are replaced: what the probes ask, and how long things may take."""

from typing import Any

import pytest

from infra.kafka.clients import STOP_TIMEOUT_SECONDS
from infra.kafka.subscription import LOOK_TIMEOUT_SECONDS
from infra.processes.gateway import CLOSE_SECONDS
from infra.processes.http_server import FINISH_SECONDS
from tests.deploy.kubernetes import (
    COMPONENT,
    DEVELOPMENT,
    NAME,
    PRODUCTION,
    WORKERS,
    of_annals,
    of_base,
    of_kind,
    pod_of,
    rendered,
)
from workers.lanes.host import RELEASE_TIMEOUT_SECONDS

SERVED = (*WORKERS, "gateway")
# A runner that is abandoned is waited for a second longer.
ABANDON_SECONDS = 1.0
# A producer that does not stop is cut off, within the same bound again.
PRODUCER_SECONDS = 2 * STOP_TIMEOUT_SECONDS
# The consumer, and the reader that looks for holes.
SUBSCRIPTION_SECONDS = 2 * STOP_TIMEOUT_SECONDS
LEAVING_SECONDS = LOOK_TIMEOUT_SECONDS + RELEASE_TIMEOUT_SECONDS + ABANDON_SECONDS + SUBSCRIPTION_SECONDS
WORKER_GRACE = {
    "command": LEAVING_SECONDS + 2 * PRODUCER_SECONDS,
    "saga": LEAVING_SECONDS + PRODUCER_SECONDS,
    "projection": LEAVING_SECONDS,
    "analytics": LEAVING_SECONDS,
    "audit": 3 * STOP_TIMEOUT_SECONDS,
}


def container_of(role: str) -> dict[str, Any]:
    (container,) = pod_of(of_annals(of_base())[role])["containers"]
    return dict(container)


@pytest.mark.parametrize("role", SERVED)
def test_a_process_lives_by_its_progress_and_serves_when_it_is_ready(role: str) -> None:
    container = container_of(role)
    port = "http" if role == "gateway" else "metrics"
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {
        "startup": {"path": "/healthz", "port": port},
        "liveness": {"path": "/healthz", "port": port},
        "readiness": {"path": "/readyz", "port": port},
    }
    assert port in [port["name"] for port in container["ports"]]


@pytest.mark.parametrize("role", WORKERS)
def test_a_worker_has_the_time_that_leaving_may_take(role: str) -> None:
    grace = pod_of(of_annals(of_base())[role])["terminationGracePeriodSeconds"]
    assert grace >= WORKER_GRACE[role] * 1.2


def test_a_gateway_has_the_time_that_leaving_may_take() -> None:
    pod = pod_of(of_annals(of_base())["gateway"])
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    closing = 2 * CLOSE_SECONDS + PRODUCER_SECONDS
    assert pod["terminationGracePeriodSeconds"] >= (pause + FINISH_SECONDS + closing) * 1.2


def test_a_workers_name_is_its_pods_which_is_the_same_after_a_restart() -> None:
    workloads = of_annals(rendered(PRODUCTION))
    for role in WORKERS:
        assert workloads[role]["kind"] == "StatefulSet", role
        variables = workloads[role]["spec"]["template"]["spec"]["containers"][0]["env"]
        (instance,) = [variable for variable in variables if variable["name"] == "ANNALS_INSTANCE"]
        assert instance["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}, role


@pytest.mark.parametrize("role", WORKERS)
def test_pods_of_a_role_come_and_go_without_waiting_for_each_other(role: str) -> None:
    """A pod that cannot start must not keep the next one from starting; a rollout goes one by one all the same."""
    workload = of_annals(of_base())[role]
    assert workload["spec"]["podManagementPolicy"] == "Parallel"
    assert "updateStrategy" not in workload["spec"]


def test_a_new_gateway_serves_before_an_old_one_leaves() -> None:
    assert of_annals(of_base())["gateway"]["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("role", SERVED)
def test_one_pod_of_a_role_at_a_time_may_be_evicted(role: str) -> None:
    """Also the only one: a budget that forbids it would block the drain of its node for ever."""
    budgets = [budget for budget in of_kind(of_base(), "PodDisruptionBudget") if role in budget["metadata"]["name"]]
    (budget,) = budgets
    assert budget["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": {NAME: "annals", COMPONENT: role}}}


def test_pods_of_a_role_keep_apart_by_zone_and_by_node() -> None:
    for role, workload in of_annals(rendered(PRODUCTION)).items():
        spread = pod_of(workload)["topologySpreadConstraints"]
        assert [rule["topologyKey"] for rule in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        assert all(rule["matchLabelKeys"] == [COMPONENT] for rule in spread), role
        assert all(rule["whenUnsatisfiable"] == "ScheduleAnyway" for rule in spread), role


@pytest.mark.parametrize("folder", [DEVELOPMENT, PRODUCTION], ids=lambda folder: folder.name)
def test_the_job_that_prepares_a_release_is_called_after_it(folder: Any) -> None:
    """A job cannot be changed, so the next release needs another one."""
    (job,) = of_kind(rendered(folder), "Job")
    for container in [*pod_of(job)["initContainers"], *pod_of(job)["containers"]]:
        assert job["metadata"]["name"] == f"annals-prepare-{container['image'].rpartition(':')[2]}"
    steps = [container["args"] for container in [*pod_of(job)["initContainers"], *pod_of(job)["containers"]]]
    assert steps == [["migrate"], ["topics", "create"]]


def test_development_asks_the_gateway_from_within_its_pod() -> None:
    (container,) = pod_of(of_annals(rendered(DEVELOPMENT))["gateway"])["containers"]
    for kind, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
        probe = container[f"{kind}Probe"]
        assert "httpGet" not in probe
        assert f"http://127.0.0.1:8080{path}" in probe["exec"]["command"][-1]
