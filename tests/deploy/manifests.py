"""What the manifests say of a role's pods: how many there may be, how they are probed and stopped, their settings."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from infra.settings import Settings
from tests.deploy.kubernetes import BASE, of_annals, of_base, of_kind, pod_of

OF_THE_MACHINE = ("metrics_host", "metrics_port", "metrics_open_to_network", "http_host", "http_port", "topic_prefix")
"""Settings that a pod alone can have: many processes of one machine need addresses of their own."""


class Probe(NamedTuple):
    """How the kubelet asks a container. `failures`: after so many it is taken to have failed."""

    path: str
    period_seconds: float
    timeout_seconds: float
    failures: int


class Workload(NamedTuple):
    """The pods of one role. `pause_seconds`: from when a pod begins to end to its SIGTERM. `surges`: a pod is begun
    before another one is ended. `step_up`, `step_down`: how many pods may come or go at once.
    """

    role: str
    startup: Probe
    readiness: Probe
    grace_seconds: float
    pause_seconds: float
    surges: bool
    minimum: int
    maximum: int
    step_up: int
    step_down: int


def workload(role: str) -> Workload:
    """Of the role's StatefulSet or Deployment and, where KEDA scales it, its ScaledObject."""
    manifest = of_annals(of_base())[role]
    name = manifest["metadata"]["name"]
    scaled = [
        one["spec"] for one in of_kind(of_base(), "ScaledObject") if one["spec"]["scaleTargetRef"]["name"] == name
    ]
    limits: Mapping[str, Any] = scaled[0] if scaled else {}
    pod, replicas = pod_of(manifest), manifest["spec"].get("replicas", 1)
    (container,) = pod["containers"]
    return Workload(
        role=role,
        startup=_probe(container["startupProbe"]),
        readiness=_probe(container["readinessProbe"]),
        grace_seconds=pod["terminationGracePeriodSeconds"],
        pause_seconds=container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0),
        surges=manifest["kind"] == "Deployment",
        minimum=limits.get("minReplicaCount", replicas),
        maximum=limits.get("maxReplicaCount", replicas),
        step_up=_step(limits, "scaleUp"),
        step_down=_step(limits, "scaleDown"),
    )


def settings_of_all_pods() -> dict[str, Any]:
    """What settings.env sets, by field of the settings, without what only a machine of its own can have."""
    lines = (BASE / "settings.env").read_text("utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    fields = {name.removeprefix("ANNALS_").lower(): value for name, value in pairs if value}
    known: dict[str, Any] = {name: value for name, value in fields.items() if name not in OF_THE_MACHINE}
    chosen = Settings(**known)
    return {name: getattr(chosen, name) for name in known}


def _probe(probe: Mapping[str, Any]) -> Probe:
    path = probe["httpGet"]["path"]
    return Probe(path, probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"])


def _step(limits: Mapping[str, Any], direction: str) -> int:
    if not limits:
        return 1
    policies = limits["advanced"]["horizontalPodAutoscalerConfig"]["behavior"][direction]["policies"]
    return max(int(policy["value"]) for policy in policies if policy["type"] == "Pods")
