"""Who may speak to whom: nobody, but each process to its servers, and those to it who scrape it or call it."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubernetes import (
    COMPONENT,
    DEVELOPMENT,
    NAME,
    PRODUCTION,
    WORKERS,
    Manifest,
    of_annals,
    of_kind,
    rendered,
)

OVERLAYS = pytest.mark.parametrize("folder", [DEVELOPMENT, PRODUCTION], ids=lambda folder: folder.name)
EVERY_ROLE = {*WORKERS, "gateway", "prepare", "operator"}
REACHED = {
    # Each process reads keys or events from the table, or is checked against it.
    "postgres": EVERY_ROLE,
    "kafka": EVERY_ROLE,
    # Who opens a client of Redis: infra/processes/{projection,gateway,verification,generations}.py.
    "redis": {"projection", "gateway", "audit", "operator"},
}


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector selects what has these labels."""
    exact = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    expressions = selector.get("matchExpressions", [])
    assert all(expression["operator"] == "In" for expression in expressions)
    return exact and all(labels.get(expression["key"]) in expression["values"] for expression in expressions)


def policies(folder: Path, labels: dict[str, str], direction: str) -> list[Any]:
    """What the policies for pods with these labels let through."""
    allowed: list[Any] = []
    for policy in of_kind(rendered(folder), "NetworkPolicy"):
        spec = policy["spec"]
        if direction in spec["policyTypes"] and selects(spec["podSelector"], labels):
            allowed += spec.get(direction.lower(), [])
    return allowed


def labels_of(role: str) -> dict[str, str]:
    return {NAME: "annals", COMPONENT: role}


def may_reach(folder: Path, role: str, server: str) -> bool:
    target = {"annals-server": server}
    leaves = any(
        selects(peer["podSelector"], target)
        for rule in policies(folder, labels_of(role), "Egress")
        for peer in rule.get("to", [])
        if "podSelector" in peer and "namespaceSelector" not in peer
    )
    enters = any(
        selects(peer["podSelector"], labels_of(role))
        for rule in policies(folder, target, "Ingress")
        for peer in rule.get("from", [])
        if "podSelector" in peer and "namespaceSelector" not in peer
    )
    assert leaves is enters, f"{role} and {server} do not agree"
    return leaves


@OVERLAYS
def test_what_no_policy_allows_is_denied_to_every_pod(folder: Path) -> None:
    closed = [
        policy["spec"] for policy in of_kind(rendered(folder), "NetworkPolicy") if not policy["spec"]["podSelector"]
    ]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in closed


@OVERLAYS
def test_no_policy_lets_everybody_in(folder: Path) -> None:
    for policy in of_kind(rendered(folder), "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            assert rule.get("from"), policy["metadata"]["name"]
            assert rule.get("ports"), policy["metadata"]["name"]


@OVERLAYS
@pytest.mark.parametrize("server", REACHED)
def test_each_process_reaches_its_servers_and_no_others(folder: Path, server: str) -> None:
    assert {role for role in of_annals(rendered(folder)) if may_reach(folder, role, server)} == REACHED[server]


@OVERLAYS
def test_every_server_has_a_label_by_which_it_is_reached(folder: Path) -> None:
    text = str(rendered(folder))
    assert all(f"'annals-server': '{server}'" in text for server in REACHED)


@OVERLAYS
@pytest.mark.parametrize("role", [*WORKERS, "gateway"])
def test_each_process_is_scraped_from_the_namespace_of_monitoring(folder: Path, role: str) -> None:
    port = "http" if role == "gateway" else "metrics"
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert any(
        monitoring in rule["from"] and {"protocol": "TCP", "port": port} in rule["ports"]
        for rule in policies(folder, labels_of(role), "Ingress")
    )


@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_the_gateway_alone_may_reach_what_is_outside(role: str) -> None:
    """It fetches the keys of the issuer."""
    outside = [rule for rule in policies(PRODUCTION, labels_of(role), "Egress") if not rule.get("to")]
    assert outside == ([{"ports": [{"protocol": "TCP", "port": 443}]}] if role == "gateway" else [])


def test_a_workload_without_a_policy_reaches_nothing() -> None:
    """The control: a role that no policy names has only the answers to its questions for names."""
    rules = policies(PRODUCTION, {NAME: "stranger", COMPONENT: "command"}, "Egress")
    assert {port["port"] for rule in rules for port in rule["ports"]} == {53}
    assert not may_reach(PRODUCTION, "stranger", "redis")
