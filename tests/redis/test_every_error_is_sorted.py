"""What is done after each error of Redis: the table is complete, and each error stands where it was put."""

import inspect
import ssl
from typing import Any

import pytest
from redis import exceptions

from infra.redis.connection import faults_sorted
from infra.redis.errors import BY_CLASS, Next, step_after
from workers.ports.lanes import Unavailable

ALL = {
    name: error
    for name, error in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(error, Exception) and error.__module__ == exceptions.__name__
}
EXPECTED = {
    Next.WAIT: {
        *("BusyLoadingError", "ClusterDownError", "ConnectionError", "ExecAbortError", "MaxConnectionsError"),
        *("TimeoutError", "TryAgainError"),
    },
    Next.RECONNECT: {"MasterDownError", "ReadOnlyError"},
    Next.OPERATOR: {
        *("AskError", "AuthenticationError", "AuthenticationWrongNumberOfArgsError", "AuthorizationError"),
        *("ClusterCrossSlotError", "ClusterError", "CrossSlotTransactionError", "ExternalAuthProviderError"),
        *("InvalidResponse", "MovedError", "NoPermissionError", "OutOfMemoryError", "SlotNotCoveredError"),
    },
    Next.CONFLICT: {"LockError", "LockNotOwnedError", "WatchError"},
    Next.BUG: {
        *("ChildDeadlockedError", "DataError", "IncorrectPolicyType", "InvalidPipelineStack", "ModuleError"),
        *("NoScriptError", "NoSuchFieldsetError", "PubSubError", "RedisClusterException", "RedisError"),
        "ResponseError",
    },
}
SAID = {
    "ACL failure in script: User guest has no permissions to run the 'mget' command": Next.OPERATOR,
    "Error running script (call to f_12ab): @user_script:3: @user_script: 3: WRONGTYPE Operation": Next.OPERATOR,
    "BUSY Redis is busy running a script.": Next.WAIT,
    "NOREPLICAS Not enough good replicas to write.": Next.WAIT,
    "UNBLOCKED force unblock from blocking operation, instance state changed": Next.RECONNECT,
    "MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.": Next.OPERATOR,
    "NOAUTH Authentication required.": Next.OPERATOR,
    "DENIED Redis is running in protected mode": Next.OPERATOR,
    "ERR DB index is out of range": Next.OPERATOR,
    "DB index is out of range": Next.OPERATOR,
    "ERR unknown command 'GETEX'": Next.OPERATOR,
    "unknown command 'GETEX'": Next.OPERATOR,
    "WRONGTYPE Operation against a key holding the wrong kind of value": Next.OPERATOR,
    "Command # 1 (SET a hidden) of pipeline caused error: MISCONF no disk": Next.OPERATOR,
    "ERR syntax error": Next.BUG,
    "BUSYKEY Target key name already exists.": Next.BUG,
    "a value that says MISCONF": Next.BUG,
}


@pytest.mark.parametrize("name", ALL)
def test_each_error_of_the_driver(name: str) -> None:
    assert ALL[name] in BY_CLASS, "no row of the table sorts it"
    # `MovedError` and `AskError` read their text.
    error = ALL[name]("1234 127.0.0.1:6379") if name in ("AskError", "MovedError") else ALL[name]("said")
    assert name in EXPECTED[step_after(error)[0]]
    with pytest.raises(Unavailable if is_away(error) else ALL[name]) as caught, faults_sorted():
        raise error
    if step_after(error)[0] is Next.OPERATOR:
        assert getattr(caught.value, "advice", "")


def is_away(error: Exception) -> bool:
    return step_after(error)[0] not in (Next.CONFLICT, Next.BUG)


@pytest.mark.parametrize("text", SAID)
def test_an_answer_that_is_known_by_its_first_word(text: str) -> None:
    error = exceptions.ResponseError(text)
    assert step_after(error)[0] is SAID[text]
    with pytest.raises(Unavailable if is_away(error) else exceptions.ResponseError) as caught, faults_sorted():
        raise error
    assert not is_away(error) or "hidden" not in str(caught.value)


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), TimeoutError(), ssl.SSLError(1, "no")], ids=repr)
def test_a_network_in_trouble(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught, faults_sorted():
        raise error
    assert caught.value.advice


async def test_a_connection_to_what_is_no_primary_by_now_is_left(redis: Any) -> None:
    before = await redis.client_id()
    with pytest.raises(Unavailable, match="primary"), faults_sorted():
        # The server raises what a replica says.
        await redis.eval('return redis.error_reply("READONLY You can\'t write against a read only replica.")', 0)
    assert await redis.client_id() != before


async def test_a_connection_that_is_good_is_kept(redis: Any) -> None:
    before = await redis.client_id()
    with pytest.raises(exceptions.ResponseError, match="syntax"), faults_sorted():
        await redis.execute_command("SET", "a", "b", "nonsense")
    assert await redis.client_id() == before
