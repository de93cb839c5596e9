"""Makes users and ACLs on a broker. aiokafka's admin client has no methods for them, so the requests stand here.

Format: https://kafka.apache.org/protocol (AlterUserScramCredentials, CreateAcls, DescribeAcls, DeleteAcls). The numbers
are Kafka's codes of AclOperation, ResourceType, PatternType and AclPermissionType.
"""

import os
from collections.abc import Mapping, Sequence
from hashlib import pbkdf2_hmac
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from infra.kafka.access import Acl, Operation, ResourceType
from infra.kafka.propagation import propagated

SCRAM_SHA_512 = 2
SCRAM_ITERATIONS = 4096  # Kafka's least; the passwords are random
SALT_BYTES = 32

OPERATIONS = {
    Operation.READ: 3,
    Operation.WRITE: 4,
    Operation.CREATE: 5,
    Operation.DELETE: 6,
    Operation.DESCRIBE: 8,
    Operation.DESCRIBE_CONFIGS: 10,
    Operation.ALTER_CONFIGS: 11,
    Operation.IDEMPOTENT_WRITE: 12,
}
RESOURCE_TYPES = {ResourceType.TOPIC: 2, ResourceType.GROUP: 3, ResourceType.CLUSTER: 4}
ANY = 1
LITERAL, PREFIXED = 3, 4
ALLOW = 3
ANY_HOST = "*"


class _ScramResponse(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _ScramRequest(RequestStruct):  # type: ignore[misc]  # as above
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _ScramResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _PutUsers(Request[_ScramRequest]):  # type: ignore[misc]  # as above
    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def build(self, request_struct_class: type[Any]) -> Any:
        users: list[tuple[Any, ...]] = []
        for name, password in self._passwords.items():
            salt = os.urandom(SALT_BYTES)
            salted = pbkdf2_hmac("sha512", password.encode(), salt, SCRAM_ITERATIONS)
            users.append((name, SCRAM_SHA_512, SCRAM_ITERATIONS, salt, salted, {}))
        return request_struct_class([], users, {})


class _Rule(NamedTuple):
    """One ACL as Kafka stores it."""

    resource_type: int
    name: str
    pattern: int
    principal: str
    host: str
    operation: int
    permission: int


class _CreateAcls(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # as above
    API_KEY = 30

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._rules = rules

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class([tuple(rule) for rule in self._rules])


class _DescribeAcls(Request[DescribeAclsRequest_v1]):  # type: ignore[misc]  # as above
    API_KEY = 29

    def __init__(self, principal: str) -> None:
        self._principal = principal

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class(ANY, None, ANY, self._principal, None, ANY, ANY)


class _DeleteAcls(Request[DeleteAclsRequest_v1]):  # type: ignore[misc]  # as above
    API_KEY = 31

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._rules = rules

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class([tuple(rule) for rule in self._rules])


async def put_users(admin: AIOKafkaAdminClient, passwords: Mapping[str, str]) -> None:
    """Makes the users (by name) that are missing, and gives all of them their passwords, for SCRAM-SHA-512. Raises
    KafkaError.
    """
    response = await admin._send_to_controller(_PutUsers(passwords))  # noqa: SLF001  # it has no public method
    for _, code, message, _ in response.results:
        if code:
            raise for_code(code)(message)


async def put_rights(admin: AIOKafkaAdminClient, rights: Mapping[str, Sequence[Acl]]) -> None:
    """Gives these users (by name) exactly these rights, and waits until the broker knows. Raises KafkaError or
    Unavailable.
    """
    wanted = {rule for user, acls in rights.items() for rule in _rules(user, acls)}
    present = {rule for user in rights for rule in await _present(admin, user)}
    await _change(admin, created=wanted - present, deleted=present - wanted)

    async def applied() -> bool:
        return {rule for user in rights for rule in await _present(admin, user)} == wanted

    await propagated(applied, "the ACLs of its users")


async def add_rights(admin: AIOKafkaAdminClient, user: str, acls: Sequence[Acl]) -> None:
    """Gives a user these rights beside those that it has, and waits until the broker knows. Raises as above."""
    wanted = set(_rules(user, acls))
    await _change(admin, created=wanted, deleted=set())

    async def applied() -> bool:
        return wanted <= await _present(admin, user)

    await propagated(applied, f"the ACLs of {user}")


async def _change(admin: AIOKafkaAdminClient, *, created: set[_Rule], deleted: set[_Rule]) -> None:
    if created:
        response = await admin._send_to_controller(_CreateAcls(sorted(created)))  # noqa: SLF001  # as above
        _check(response.creation_responses)
    if deleted:
        response = await admin._send_to_controller(_DeleteAcls(sorted(deleted)))  # noqa: SLF001  # as above
        _check(response.filter_responses)


def _check(results: Sequence[tuple[Any, ...]]) -> None:
    for code, message, *_ in results:
        if code:
            raise for_code(code)(message)


async def _present(admin: AIOKafkaAdminClient, user: str) -> set[_Rule]:
    response = await admin._send_request(_DescribeAcls(_principal(user)))  # noqa: SLF001  # as above
    if response.error_code:
        raise for_code(response.error_code)(response.error_message)
    return {
        _Rule(resource_type, name, pattern, *rule)
        for resource_type, name, pattern, rules in response.resources
        for rule in rules
    }


def _rules(user: str, acls: Sequence[Acl]) -> list[_Rule]:
    return [
        _Rule(
            RESOURCE_TYPES[acl.resource],
            acl.name,
            PREFIXED if acl.is_prefix else LITERAL,
            _principal(user),
            ANY_HOST,
            OPERATIONS[operation],
            ALLOW,
        )
        for acl in acls
        for operation in acl.operations
    ]


def _principal(user: str) -> str:
    return f"User:{user}"
