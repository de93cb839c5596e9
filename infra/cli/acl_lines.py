"""The ACLs of an installation as text: for Kafka's own tool, for Strimzi's user operator, as JSON."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from infra.cli.exits import CommandRefused
from infra.kafka.access import Acl, ResourceType
from infra.kafka.grants import USER, Grant

STRIMZI_API = "kafka.strimzi.io/v1"
# What Kubernetes takes as the name of a resource (RFC 1123), which is the user's name too.
STRIMZI_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def shell_lines(all_grants: Sequence[Grant]) -> Iterator[str]:
    """A shell script that gives each right by kafka-acls.sh, which gets the script's own options first."""
    yield "# annals topics acls | sh -s -- --bootstrap-server HOST:9092 --command-config ADMINISTRATOR.properties"
    yield "set -e"
    for grant in all_grants:
        yield f"# {grant.principal.title}"
        for _, alike in groupby(grant.acls, key=lambda acl: (acl.resource, acl.operations, acl.is_prefix)):
            yield _shell_line(grant, list(alike))


def _shell_line(grant: Grant, alike: Sequence[Acl]) -> str:
    first = alike[0]
    words = ["--add", "--allow-principal", f"{USER}{grant.principal.name}"]
    words += [word for operation in first.operations for word in ("--operation", operation.value)]
    if first.resource is ResourceType.CLUSTER:
        words.append("--cluster")
    else:
        words += [word for acl in alike for word in (f"--{acl.resource}", acl.name)]
    if first.is_prefix:
        words += ["--resource-pattern-type", "prefixed"]
    return f'kafka-acls.sh "$@" {shlex.join(words)}'


def strimzi_lines(all_grants: Sequence[Grant], cluster: str) -> Iterator[str]:
    """A KafkaUser for each user, with all of its rights. Raises CommandRefused for a name that Kubernetes refuses."""
    by_name: dict[str, list[Grant]] = {}
    for grant in all_grants:
        by_name.setdefault(grant.principal.name, []).append(grant)
    for name, of_user in by_name.items():
        if STRIMZI_NAME.fullmatch(name) is None:
            raise CommandRefused(
                f"{name} cannot be the name of a KafkaUser: use a to z, 0 to 9, - and . "
                f"(--principal {of_user[0].principal.title}=User:…)."
            )
        yield "---"
        yield f"apiVersion: {STRIMZI_API}"
        yield "kind: KafkaUser"
        yield "metadata:"
        yield f"  name: {json.dumps(name)}"
        yield "  labels:"
        yield f"    strimzi.io/cluster: {json.dumps(cluster)}"
        yield "spec:"
        yield "  authentication:"
        yield "    type: scram-sha-512"
        yield "  authorization:"
        yield "    type: simple"
        yield "    acls:"
        for grant in of_user:
            for acl in grant.acls:
                yield from _strimzi_rule(acl)


def _strimzi_rule(acl: Acl) -> Iterator[str]:
    yield "      - resource:"
    yield f"          type: {acl.resource}"
    if acl.resource is not ResourceType.CLUSTER:
        yield f"          name: {json.dumps(acl.name)}"
        yield f"          patternType: {'prefix' if acl.is_prefix else 'literal'}"
    yield f"        operations: [{', '.join(acl.operations)}]"


def as_objects(all_grants: Sequence[Grant]) -> list[dict[str, Any]]:
    """One object for each resource of each user."""
    return [
        {
            "role": grant.principal.title,
            "principal": f"{USER}{grant.principal.name}",
            "resource_type": acl.resource.value,
            "name": acl.name,
            "pattern": "prefixed" if acl.is_prefix else "literal",
            "operations": [operation.value for operation in acl.operations],
        }
        for grant in all_grants
        for acl in grant.acls
    ]
