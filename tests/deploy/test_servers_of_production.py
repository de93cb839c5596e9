"""The servers of the production overlay lose nothing that was acknowledged, and know whom Annals needs."""

import re
from typing import Any

from infra.kafka.access import Role
from infra.kafka.grants import user_of
from infra.postgres.roles import API_KEYS, OWNER, RIGHTS_OF, ROLES
from infra.processes import audit, command, gateway, projection, saga
from infra.redis.acl import user_of as redis_user_of
from infra.server_addresses import is_host
from tests.deploy.kubernetes import (
    PRODUCTION,
    Manifest,
    containers,
    environment,
    of_annals,
    of_kind,
    pod_of,
    rendered,
)
from tests.deploy.made_files import ON_REDIS

LOGIN = "annals_login_"


def the(kind: str, name: str = "") -> Manifest:
    manifests = [
        manifest for manifest in of_kind(rendered(PRODUCTION), kind) if name in ("", manifest["metadata"]["name"])
    ]
    (manifest,) = manifests
    return manifest


def database() -> dict[str, Any]:
    return dict(the("Cluster")["spec"])


def test_a_commit_is_on_two_disks_before_it_is_answered() -> None:
    assert database()["instances"] == 3
    synchronous = database()["postgresql"]["synchronous"]
    assert synchronous == {"method": "any", "number": 1, "dataDurability": "required", "failoverQuorum": True}


def test_postgres_lets_nobody_in_without_tls_and_processes_by_their_certificates_alone() -> None:
    first, second = database()["postgresql"]["pg_hba"]
    assert first.split() == ["hostnossl", "all", "all", "all", "reject"]
    kind, name, login, address, method = second.split()
    assert (kind, name, address, method) == ("hostssl", "annals", "all", "cert")
    pattern = login.removeprefix("/")
    logins = [role["spec"] for role in of_kind(rendered(PRODUCTION), "DatabaseRole")]
    assert all(re.search(pattern, login["name"]) and "passwordSecret" not in login for login in logins)


def test_every_role_and_membership_of_the_schema_is_made_before_the_first_migration() -> None:
    """The login of the migration may make none of them."""
    statements = "; ".join(database()["bootstrap"]["initdb"]["postInitSQL"])
    made = re.findall(r"CREATE ROLE (\w+) NOLOGIN", statements)
    assert set(ROLES) <= set(made)
    for member, roles in RIGHTS_OF.items():
        (granted,) = re.findall(rf"GRANT ([\w, ]+) TO {member}\b", statements)
        assert set(roles) <= set(granted.split(", ")), member
    assert f"GRANT {OWNER} TO {database()['bootstrap']['initdb']['owner']}" in statements


def test_every_process_has_a_login_in_its_role_with_a_certificate() -> None:
    roles = {role["metadata"]["name"]: role["spec"] for role in of_kind(rendered(PRODUCTION), "DatabaseRole")}
    for role, workload in of_annals(rendered(PRODUCTION)).items():
        if role == "prepare":
            continue  # the owner of the database
        (container,) = containers(workload)
        address = environment(container, rendered(PRODUCTION))["ANNALS_DATABASE_URL"]
        spec = roles[f"annals-{role}"]
        assert f"//{spec['name']}@annals-postgres-rw:5432/annals" in address
        assert spec["name"] == f"{LOGIN}{role}"
        assert spec["login"] is True
        assert spec["clientCertificate"] == {"enabled": True}
        expected = {"gateway": ["annals_gateway", API_KEYS], "operator": ["annals_audit"]}
        assert spec["inRoles"] == expected.get(role, [f"annals_{role}"])


def test_postgres_has_a_connection_for_every_pod_that_may_run() -> None:
    most = {
        scaled["spec"]["scaleTargetRef"]["name"].removeprefix("annals-"): scaled["spec"]["maxReplicaCount"]
        for scaled in of_kind(rendered(PRODUCTION), "ScaledObject")
    }
    connections = most["command"] * command.WRITER_CONNECTIONS + most["saga"] * saga.WRITER_CONNECTIONS
    connections += most["projection"] * projection.TABLE_CONNECTIONS
    # Two that audit, with a session for the lock each; two gateways, and a third during a rollout; an operator.
    connections += 2 * (audit.READER_CONNECTIONS + 1) + 3 * gateway.READER_CONNECTIONS + 10
    assert int(database()["postgresql"]["parameters"]["max_connections"]) >= connections


def test_postgres_logs_no_values() -> None:
    """As infra/README.md asks of the administrator of a server."""
    parameters = database()["postgresql"]["parameters"]
    wanted = {"log_error_verbosity": "terse", "log_min_error_statement": "panic", "log_parameter_max_length": "0"}
    assert wanted.items() <= parameters.items()


def test_kafka_acknowledges_what_two_brokers_have() -> None:
    config = the("Kafka")["spec"]["kafka"]["config"]
    assert (config["default.replication.factor"], config["min.insync.replicas"]) == (3, 2)
    assert config["unclean.leader.election.enable"] is False
    assert config["auto.create.topics.enable"] is False
    pools = {pool["metadata"]["name"]: pool["spec"] for pool in of_kind(rendered(PRODUCTION), "KafkaNodePool")}
    assert {name: pool["replicas"] for name, pool in pools.items()} == {"controller": 3, "broker": 3}
    assert not any(volume["deleteClaim"] for pool in pools.values() for volume in pool["storage"]["volumes"])


def test_kafka_lets_nobody_in_without_tls_and_a_login() -> None:
    kafka = the("Kafka")["spec"]["kafka"]
    (listener,) = kafka["listeners"]
    assert listener["tls"] is True
    assert listener["authentication"] == {"type": "scram-sha-512"}
    assert kafka["authorization"] == {"type": "simple"}
    assert listener["networkPolicyPeers"], "Strimzi's own policy would let everybody in"


def test_every_process_logs_in_to_kafka_as_a_user_that_has_its_rights() -> None:
    for role, workload in of_annals(rendered(PRODUCTION)).items():
        for container in containers(workload):
            name = environment(container, rendered(PRODUCTION))["ANNALS_KAFKA_SASL_USERNAME"]
            assert name == ("annals-operator" if role == "prepare" else f"annals-{role}")
            if role in set(Role):
                assert name == user_of(Role(role))


def test_valkey_has_a_password_for_each_account_and_no_other_names() -> None:
    pod = pod_of(the("StatefulSet", "annals-valkey"))
    (passwords,) = [volume for volume in pod["volumes"] if volume["name"] == "passwords"]
    sources = [source["secret"] for source in passwords["projected"]["sources"]]
    files = {item["path"]: source["name"] for source in sources for item in source.get("items", [])}
    assert files == {redis_user_of(account): f"annals-redis-{account}" for account in ON_REDIS}


def test_the_certificate_of_valkey_has_the_names_by_which_its_pods_are_reached() -> None:
    """A wildcard would not do: clients accept none for a name of two labels."""
    spec = the("StatefulSet", "annals-valkey")["spec"]
    hosts = {f"annals-valkey-{number}.{spec['serviceName']}" for number in range(spec["replicas"])}
    assert set(the("Certificate", "annals-valkey")["spec"]["dnsNames"]) == hosts | {"localhost"}
    assert all(is_host(host) for host in hosts)


def test_no_server_is_deleted_with_its_data() -> None:
    for workload in of_kind(rendered(PRODUCTION), "StatefulSet"):
        assert "persistentVolumeClaimRetentionPolicy" not in workload["spec"]
