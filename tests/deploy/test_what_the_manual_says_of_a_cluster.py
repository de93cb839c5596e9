"""What infra/README.md tells an operator to install and to make is what the manifests need."""

import json
import re

from infra.kafka.access import Role
from tests.deploy.crd_schemas import SCHEMAS
from tests.deploy.kubernetes import KUBERNETES, PRODUCTION, WORKERS, of_kind, pod_of, rendered
from tests.deploy.test_every_manifest_is_valid import VERSIONS
from workers.gateway.request_headers import MAX_WAIT_SECONDS

MANUAL = (KUBERNETES.parents[1] / "README.md").read_text("utf-8")
SECTION = MANUAL[MANUAL.index("## In a cluster") : MANUAL.index("## At 3 a.m.")]
TITLES = {
    "cert-manager/cert-manager": "cert-manager",
    "cloudnative-pg/cloudnative-pg": "CloudNativePG",
    "kedacore/keda": "KEDA",
    "kubernetes-sigs/gateway-api": "Gateway API",
    "strimzi/strimzi-kafka-operator": "Strimzi",
}


def test_the_operators_are_those_whose_schemas_the_manifests_follow() -> None:
    text = " ".join(SECTION.split())
    for path in SCHEMAS.glob("*.json"):
        source = json.loads(path.read_text("utf-8"))["source"]
        if title := TITLES.get(source["repository"]):
            major, minor, _ = source["release"].removeprefix("v").split(".")
            assert f"{title} {major}.{minor}" in text, f"{path.name} is of {source['release']}"


def test_the_oldest_kubernetes_is_one_whose_schemas_the_manifests_follow() -> None:
    assert f"Kubernetes {VERSIONS[0]} or later" in " ".join(SECTION.split())


def made_by_operators() -> set[str]:
    """The Secrets that Strimzi, CloudNativePG and cert-manager make of the production overlay's resources."""
    manifests = rendered(PRODUCTION)
    names = {user["metadata"]["name"] for user in of_kind(manifests, "KafkaUser")}
    # A role that the table of rights does not know yet has no user yet either.
    names |= {f"annals-{role}" for role in WORKERS if role not in set(Role)}
    names |= {f"{role['metadata']['name']}-client-cert" for role in of_kind(manifests, "DatabaseRole")}
    names |= {certificate["spec"]["secretName"] for certificate in of_kind(manifests, "Certificate")}
    names |= {f"{kafka['metadata']['name']}-cluster-ca-cert" for kafka in of_kind(manifests, "Kafka")}
    (cluster,) = of_kind(manifests, "Cluster")
    return names | {f"{cluster['metadata']['name']}-{secret}" for secret in ("app", "ca")}


def test_the_secrets_that_a_person_makes_are_those_that_no_operator_makes() -> None:
    mounted: dict[str, set[str]] = {}
    for workload in of_kind(rendered(PRODUCTION), "StatefulSet", "Deployment", "Job"):
        for volume in pod_of(workload).get("volumes", []):
            for source in volume.get("projected", {}).get("sources", []):
                keys = {item["key"] for item in source["secret"].get("items", [])}
                mounted.setdefault(source["secret"]["name"], set()).update(keys)
    by_hand = {name: keys for name, keys in mounted.items() if name not in made_by_operators()}
    (roles,) = re.findall(r"for role in ([\w ]+); do", SECTION)
    assert set(by_hand) == {"annals-valkey", *(f"annals-redis-{role}" for role in roles.split())}
    assert {"password", "url"} == by_hand["annals-redis-gateway"]
    assert "'owner=%s\\nwatcher=%s\\nsentinel=%s\\n'" in SECTION


def test_a_route_waits_longer_than_the_gateway_for_a_command() -> None:
    (route,) = of_kind(rendered(PRODUCTION), "HTTPRoute")
    limits = route["spec"]["rules"][0]["timeouts"]
    assert all(float(limit.removesuffix("s")) > MAX_WAIT_SECONDS for limit in limits.values())
