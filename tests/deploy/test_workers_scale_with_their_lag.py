"""How many workers there are: by their groups' lag, capped by lanes, and not for lag that a lost server made."""

import re
from typing import Any

import pytest

from contracts.topics import Topics
from infra.kafka.access import Installation, Role
from infra.settings import Settings
from tests.deploy.kubernetes import BASE, documents, of_annals, of_base, of_kind
from workers.domain import contexts
from workers.lanes.host import COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS
from workers.telemetry import BATCH_SECONDS

INSTALLATION = Installation(Topics(""), contexts())
SCALED = ("command", "saga", "projection")
PARTITIONS = 6
# What one core handles in a second of a role's records, as infra/README.md measures or derives it ("Capacity").
HANDLED = {"command": 16_000, "saga": 9_300, "projection": 47_000}


def scaled(role: str) -> dict[str, Any]:
    (spec,) = [
        scaled_object["spec"]
        for scaled_object in of_kind(of_base(), "ScaledObject")
        if scaled_object["spec"]["scaleTargetRef"]["name"] == f"annals-{role}"
    ]
    return dict(spec)


def triggers(role: str, kind: str) -> dict[str, dict[str, Any]]:
    return {trigger["name"]: trigger for trigger in scaled(role)["triggers"] if trigger["type"] == kind}


def pods_for(role: str, **metrics: float) -> float:
    """How many pods the formula asks for."""
    modifiers = scaled(role)["advanced"]["scalingModifiers"]
    condition, then, otherwise = re.split(r"\s[?:]\s", modifiers["formula"])
    lags = dict.fromkeys(triggers(role, "kafka"), 0.0)
    wanted = eval(f"({then}) if ({condition}) else ({otherwise})", {}, lags | metrics)  # noqa: S307  # a file of ours
    assert modifiers["metricType"] == "AverageValue"
    return float(wanted) / float(modifiers["target"])


def test_the_roles_that_share_lanes_are_scaled_and_no_others() -> None:
    targets = [scaled_object["spec"]["scaleTargetRef"] for scaled_object in of_kind(of_base(), "ScaledObject")]
    assert sorted(target["name"] for target in targets) == sorted(f"annals-{role}" for role in SCALED)
    assert {target["kind"] for target in targets} == {"StatefulSet"}


def test_the_limits_are_those_of_the_settings_partitions() -> None:
    given = dict(
        line.split("=", 1) for line in (BASE / "settings.env").read_text("utf-8").splitlines() if line[:7] == "ANNALS_"
    )
    assert int(given["ANNALS_PARTITIONS"]) == PARTITIONS == Settings().partitions
    assert given["ANNALS_TOPIC_PREFIX"] == ""


@pytest.mark.parametrize("role", SCALED)
def test_there_are_never_more_pods_than_lanes_and_never_none(role: str) -> None:
    lanes = {
        "command": len(contexts()) * PARTITIONS,
        "saga": len(INSTALLATION.followed[Role.SAGA]) * PARTITIONS,
        "projection": PARTITIONS,  # of each of its groups
    }
    assert scaled(role)["maxReplicaCount"] == lanes[role]
    assert scaled(role)["minReplicaCount"] >= 1
    assert "idleReplicaCount" not in scaled(role)


@pytest.mark.parametrize("role", SCALED)
def test_every_group_of_a_role_is_asked_for_its_lag(role: str) -> None:
    asked = [trigger["metadata"]["consumerGroup"] for trigger in triggers(role, "kafka").values()]
    assert sorted(asked) == sorted(INSTALLATION.groups(Role(role)))
    for trigger in triggers(role, "kafka").values():
        assert "topic" not in trigger["metadata"], "the cap is all partitions of the group"
        assert trigger["metadata"]["allowIdleConsumers"] == "false"
        assert trigger["metadata"]["excludePersistentLag"] == "true"
        assert trigger["metadata"]["lagThreshold"] == scaled(role)["advanced"]["scalingModifiers"]["target"]


@pytest.mark.parametrize("role", SCALED)
def test_the_lag_is_looked_at_less_often_than_it_is_committed(role: str) -> None:
    """A lag whose offset has not moved since the last look is taken for one that persists, and not counted."""
    assert scaled(role)["pollingInterval"] > 2 * COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS
    assert all(trigger["useCachedMetrics"] is True for trigger in triggers(role, "kafka").values())


@pytest.mark.parametrize("role", SCALED)
def test_a_steady_flow_asks_for_no_pod_although_its_offsets_are_committed_late(role: str) -> None:
    at_half_a_core = HANDLED[role] / 2 * COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS
    lag = next(iter(triggers(role, "kafka")))
    assert 0.9 < pods_for(role, **{lag: at_half_a_core, "progress": 1.0, "pods": 2.0}) < 1.1


@pytest.mark.parametrize("role", SCALED)
def test_a_lag_while_batches_are_committed_asks_for_more_pods(role: str) -> None:
    lag, target = next(iter(triggers(role, "kafka"))), float(scaled(role)["advanced"]["scalingModifiers"]["target"])
    assert pods_for(role, **{lag: 5 * target, "progress": 0.1, "pods": 2.0}) == 5.0


@pytest.mark.parametrize("role", SCALED)
def test_a_lag_while_a_server_is_away_asks_for_the_pods_that_there_are(role: str) -> None:
    lag = next(iter(triggers(role, "kafka")))
    assert pods_for(role, **{lag: 10_000_000.0, "progress": 0.0, "pods": 3.0}) == 3.0


@pytest.mark.parametrize("role", SCALED)
def test_progress_is_measured_by_batches_that_were_committed(role: str) -> None:
    """And while the rate still shows those of before, the stabilization keeps the pods as they are."""
    asked = triggers(role, "prometheus")
    (described,) = BATCH_SECONDS.describe()
    assert f'{described.name}_count{{namespace="annals",role="{role}"}}[1m]' in asked["progress"]["metadata"]["query"]
    assert asked["progress"]["metadata"]["query"].endswith("or vector(0)")
    assert f'job="annals-{role}"' in asked["pods"]["metadata"]["query"]
    assert asked["pods"]["metadata"]["ignoreNullValues"] == "false", "no pods would count as none needed"
    behaviour = scaled(role)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behaviour["scaleUp"]["stabilizationWindowSeconds"] >= 60 + scaled(role)["pollingInterval"]


@pytest.mark.parametrize("role", SCALED)
def test_what_cannot_be_asked_changes_nothing(role: str) -> None:
    assert scaled(role)["fallback"]["behavior"] == "currentReplicas"


@pytest.mark.parametrize("role", SCALED)
def test_pods_leave_one_at_a_time_and_slowly(role: str) -> None:
    behaviour = scaled(role)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert behaviour["stabilizationWindowSeconds"] >= 600
    assert behaviour["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]


def test_no_manifest_says_how_many_pods_a_scaled_role_has() -> None:
    """`kubectl apply` would set the number back at every release."""
    workloads = of_annals(of_base())
    assert [role for role, workload in workloads.items() if "replicas" not in workload["spec"]] == [
        *("command", "projection", "saga", "prepare"),
    ]


def test_the_login_of_the_scaler_may_look_and_nothing_else() -> None:
    (user,) = of_kind(documents(BASE.parent / "overlays" / "production" / "keda-user.yaml"), "KafkaUser")
    assert {operation for acl in user["spec"]["authorization"]["acls"] for operation in acl["operations"]} == {
        "Describe"
    }
