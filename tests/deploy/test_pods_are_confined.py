"""A pod may do what its process needs and no more: Pod Security's level "restricted", and a root that is read-only."""

from pathlib import Path

import pytest

from tests.deploy.kubernetes import (
    DEVELOPMENT,
    PRODUCTION,
    WORKERS,
    containers,
    of_annals,
    of_kind,
    pod_of,
    rendered,
    title,
)

OVERLAYS = pytest.mark.parametrize("folder", [DEVELOPMENT, PRODUCTION], ids=lambda folder: folder.name)
# Their images write beside their data.
WRITABLE_ROOT = {"kafka", "postgres", "redis"}


@OVERLAYS
def test_every_role_has_a_workload(folder: Path) -> None:
    assert set(of_annals(rendered(folder))) == {*WORKERS, "gateway", "prepare", "operator"}


@OVERLAYS
def test_the_namespace_refuses_pods_that_are_not_restricted(folder: Path) -> None:
    (namespace,) = of_kind(rendered(folder), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@OVERLAYS
def test_every_pod_is_restricted(folder: Path) -> None:
    for workload in of_kind(rendered(folder), "StatefulSet", "Deployment", "Job"):
        pod, name = pod_of(workload), title(workload)
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, f"{name}: a Service's address would stand among the settings"
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        assert all("hostPath" not in volume for volume in pod.get("volumes", [])), name
        for container in containers(workload):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            if workload["metadata"]["name"] not in WRITABLE_ROOT:
                assert context["readOnlyRootFilesystem"] is True, name


@OVERLAYS
def test_what_a_process_of_annals_may_write_is_bounded(folder: Path) -> None:
    writing = {}
    for role, workload in of_annals(rendered(folder)).items():
        for volume in pod_of(workload).get("volumes", []):
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], role
                writing[role] = volume["name"]
    assert writing == dict.fromkeys(["audit", "gateway", "operator"], "scratch")


@OVERLAYS
def test_memory_is_bounded_and_the_processor_is_not(folder: Path) -> None:
    """A worker that is throttled looks like one that was paused: it loses its lanes."""
    for workload in of_kind(rendered(folder), "StatefulSet", "Deployment", "Job"):
        for container in containers(workload):
            resources = container["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}, title(workload)
            assert set(resources["limits"]) == {"memory"}, title(workload)


@OVERLAYS
def test_logins_can_be_read_by_the_group_of_the_process_alone(folder: Path) -> None:
    for workload in of_annals(rendered(folder)).values():
        pod = pod_of(workload)
        (logins,) = [volume for volume in pod["volumes"] if volume["name"] == "logins"]
        (mode,) = [source["defaultMode"] for source in logins.values() if isinstance(source, dict)]
        assert mode == 0o440
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


def test_every_process_of_production_has_logins_of_its_own() -> None:
    """No Secret of one role is mounted by another, but for authorities, and the operator's by the job that prepares."""
    shared = {"annals-kafka-cluster-ca-cert", "annals-postgres-ca", "annals-valkey-tls", "annals-valkey"}
    owners: dict[str, str] = {}
    for role, workload in of_annals(rendered(PRODUCTION)).items():
        who = "operator" if role == "prepare" else role
        for volume in pod_of(workload)["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                secret = source["secret"]["name"]
                if secret not in shared:
                    assert owners.setdefault(secret, who) == who, f"{role} has {secret}, which is {owners[secret]}'s"
                elif secret.startswith("annals-valkey"):
                    assert [item["key"] for item in source["secret"]["items"]] in (["ca.crt"], ["sentinel"]), role
    assert {"annals-command", "annals-command-client-cert", "annals-redis-gateway"} <= owners.keys()
