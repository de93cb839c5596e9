"""`annals topics acls`: the same rights for Kafka's tool, for Strimzi and as JSON."""

import json
import os
import re
import shlex
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.topics import app
from workers.domain import contexts

Right = tuple[str, str, str, bool, str]
"""Principal, type of resource, its name, whether that is a prefix, and one operation."""

NAMED = ("--principal", "producer.users=User:shop", "--principal", "consumer.users=shop")


def printed(*arguments: str, prefix: str = "") -> str:
    result = CliRunner().invoke(app, ["acls", *arguments], env={"ANNALS_TOPIC_PREFIX": prefix})
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["acls", *arguments])
    assert result.exit_code != 0
    return re.sub(r"\s+", " ", result.output + str(result.exception or ""))


def of_json(text: str) -> set[Right]:
    return {
        (row["principal"], row["resource_type"], row["name"], row["pattern"] == "prefixed", operation)
        for row in json.loads(text)
        for operation in row["operations"]
    }


def of_shell(text: str) -> set[Right]:
    rights: set[Right] = set()
    for words in map(shlex.split, text.splitlines()):
        if words[:1] != ["kafka-acls.sh"]:
            continue
        assert words[1] == "$@"
        values = defaultdict(list)
        for option, value in pairwise(words):
            values[option].append(value)
        resources = [(kind, name) for kind in ("topic", "group") for name in values[f"--{kind}"]]
        if "--cluster" in words:
            resources.append(("cluster", "kafka-cluster"))
        (principal,), is_prefix = values["--allow-principal"], values["--resource-pattern-type"] == ["prefixed"]
        for resource in resources:
            rights |= {(principal, *resource, is_prefix, operation) for operation in values["--operation"]}
    return rights


def of_strimzi(text: str) -> set[Right]:
    """The documents hold only mappings and lists in the form that is read here."""
    rights, name, resource = set(), "", ("", "", False)
    for line in text.splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if line.startswith("  name: "):
            name = json.loads(value)
        elif key == "type" and line.startswith(" " * 10):
            resource = (value, "kafka-cluster" if value == "cluster" else "", False)
        elif key == "name":
            resource = (resource[0], json.loads(value), False)
        elif key == "patternType":
            resource = (*resource[:2], value == "prefix")
        elif key == "operations":
            rights |= {(f"User:{name}", *resource, operation) for operation in value.strip("[]").split(", ")}
    return rights


def test_in_all_formats_alike() -> None:
    rights = of_json(printed("--json", *NAMED, prefix="shop1."))
    assert of_shell(printed(*NAMED, prefix="shop1.")) == rights
    assert of_strimzi(printed("--format", "strimzi", *NAMED, prefix="shop1.")) == rights
    assert ("User:annals-command", "topic", "shop1.users.events", False, "Write") in rights
    assert ("User:shop", "group", "shop1.shop-", True, "Read") in rights


def test_as_a_script_that_gives_each_call_the_options_of_the_cluster(tmp_path: Path) -> None:
    tool = tmp_path / "kafka-acls.sh"
    tool.write_text('#!/bin/sh\nfor word in "$@"; do printf "[%s]" "$word"; done; echo\n')
    tool.chmod(0o700)
    script = printed("--principal", "gateway=User:CN=the gate,O=It's", prefix="shop1.")
    ran = subprocess.run(
        ["sh", "-s", "--", "--bootstrap-server", "kafka:9092"],
        input=script,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    calls = ran.stdout.splitlines()
    assert len(calls) == script.count('kafka-acls.sh "$@"')
    assert all(call.startswith("[--bootstrap-server][kafka:9092][--add][--allow-principal][User:") for call in calls)
    assert any("[User:CN=the gate,O=It's][--operation][Read][--topic][shop1.replies]" in call for call in calls)


def test_for_each_of_our_roles_and_for_services_that_are_named() -> None:
    rows = json.loads(printed("--json"))
    assert {row["principal"] for row in rows} == {
        f"User:annals-{role}" for role in ("command", "saga", "projection", "analytics", "gateway", "audit", "operator")
    }
    named = json.loads(printed("--json", *NAMED, "--principal", "command=User:CN=worker,O=Shop"))
    assert {row["principal"] for row in named if row["role"] == "command"} == {"User:CN=worker,O=Shop"}
    assert {row["role"] for row in named if row["principal"] == "User:shop"} == {"producer.users", "consumer.users"}


def test_one_kafka_user_for_each_user_with_a_login_by_scram() -> None:
    documents = printed("--format", "strimzi", "--cluster", "prod", *NAMED).split("---\n")[1:]
    assert len(documents) == 8
    for document in documents:
        assert document.startswith("apiVersion: kafka.strimzi.io/v1\nkind: KafkaUser\nmetadata:\n  name: ")
        assert '    strimzi.io/cluster: "prod"\n' in document
        assert "  authentication:\n    type: scram-sha-512\n  authorization:\n    type: simple\n" in document


@pytest.mark.parametrize("given", ["nobody=User:shop", "producer=User:shop", "producer.nowhere=User:shop"])
def test_an_unknown_role_is_refused_with_those_that_there_are(given: str) -> None:
    answer = refused("--principal", given)
    assert "there is no role" in answer
    assert all(f"consumer.{name}" in answer for name in contexts())


@pytest.mark.parametrize("given", ["command", "command=", "command=User:", "command=User:*", "command=a\nb"])
def test_what_names_no_single_user_is_refused(given: str) -> None:
    assert "Invalid value for --principal" in refused("--principal", given)


def test_a_name_that_kubernetes_does_not_take_is_refused() -> None:
    answer = refused("--format", "strimzi", "--principal", "command=User:CN=worker")
    assert "CN=worker cannot be the name of a KafkaUser" in answer
