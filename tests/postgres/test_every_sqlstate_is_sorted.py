"""What is done after each error of Postgres: the table is complete, and each code stands where it was put."""

import inspect
import ssl
from contextlib import AbstractContextManager
from typing import Any

import asyncpg
import pytest

from infra.postgres.faults import SchemaMissing, asks_for_new_connections, connecting, faults_sorted, place_of
from infra.postgres.sqlstates import SORTED, Next, step_after
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Unavailable

KINDS: list[Any] = [kind for _, kind in inspect.getmembers(asyncpg.exceptions, inspect.isclass)]
CLASSES = {
    kind.sqlstate: kind
    for kind in KINDS
    if getattr(kind, "sqlstate", None) and kind is not asyncpg.InvalidCachedStatementError  # known by its class
}
"""asyncpg is generated from Postgres's own list of error codes."""

# By the whole class, but for the codes below. A class that Postgres gets one day must be put into one of these.
BY_CLASS = {
    Next.WAIT: "08 40 53 55 57 58 72",
    Next.RECONNECT: "26",
    Next.MIGRATE: "0P 3F",
    Next.OPERATOR: "28 3D F0 XX",
    Next.UNSTORABLE: "22 54",
    Next.BUG: "00 01 02 03 09 0A 0B 0F 0L 0Z 10 20 21 23 24 25 27 2B 2D 2F 34 38 39 3B 42 44 HV P0",
}
BY_CODE = {
    Next.WAIT: "F0001 XX000",
    Next.RECONNECT: "08P01 25006 25P03 25P04 42P05 57P01 57P02 57P05",
    Next.MIGRATE: "42501 42703 42704 42883 42P01",
    Next.OPERATOR: "55P02 57P04",
    Next.CONFLICT: "23505 23P01 42701 42710 42723 42P04 42P06 42P07",
    Next.BUG: "55P04",
}
PASSES_THROUGH = {Next.CONFLICT, Next.BUG}


def expected(code: str) -> Next:
    for table, part in ((BY_CODE, code), (BY_CLASS, code[:2])):
        for step, parts in table.items():
            if part in parts.split():
                return step
    raise AssertionError(f"no class of errors is written down for {code}")


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_each_code_of_postgres(code: str) -> None:
    assert code in SORTED or code[:2] in SORTED, "no row of the table sorts it"
    assert step_after(code)[0] is expected(code)


@pytest.mark.parametrize("code", sorted(SORTED))
def test_each_row_of_the_table_is_a_code_or_a_class_of_postgres(code: str) -> None:
    assert code in ("AN", "00") or code in CLASSES or any(prefix.startswith(code) for prefix in CLASSES)
    assert len(code) in (2, 5)


@pytest.mark.parametrize("code", sorted(code for code in CLASSES if code[:2] not in ("01", "02")))
def test_an_answer_of_the_server_becomes_what_the_ports_know(code: str) -> None:
    error, step = CLASSES[code]("said by the server\nDETAIL: a value"), expected(code)
    kind: type[Exception] = Unavailable
    if step in PASSES_THROUGH:
        kind = type(error)
    elif step is Next.UNSTORABLE:
        kind = Unstorable
    with pytest.raises(kind) as caught, faults_sorted("db.example:5432/annals"):
        raise error
    assert (caught.value is error) == (step in PASSES_THROUGH)
    assert isinstance(caught.value, SchemaMissing) == (step is Next.MIGRATE)
    assert asks_for_new_connections(error) == (step is Next.RECONNECT)
    if isinstance(caught.value, Unavailable):
        assert "said by the server (db.example:5432/annals)" in str(caught.value)
        assert "a value" not in str(caught.value)
        assert bool(caught.value.advice) >= (step in {Next.OPERATOR, Next.MIGRATE})


def test_an_unknown_code_is_a_bug() -> None:
    assert step_after("ZZ999")[0] is Next.BUG
    assert step_after(None)[0] is Next.BUG


def test_our_functions_answers_are_for_those_who_call_them() -> None:
    assert step_after("AN001")[0] is Next.CONFLICT


def test_out_of_transaction_ids_is_no_fault_of_the_value() -> None:
    error = asyncpg.ProgramLimitExceededError(
        'database is not accepting commands that assign new transaction IDs to avoid wraparound data loss in "annals"'
    )
    with pytest.raises(Unavailable, match="vacuum"), faults_sorted():
        raise error


GONE = (
    asyncpg.InterfaceError("cannot call Connection.fetch(): connection has been released back to the pool"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InterfaceError("pool is closing"),
    asyncpg.InterfaceError("cannot perform operation: another operation is cancelling"),
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    asyncpg.ProtocolError("cannot process message 'H'"),
    asyncpg.OutdatedSchemaCacheError("composite type has changed"),
    asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
    ConnectionRefusedError(111, "Connect call failed"),
    ssl.SSLCertVerificationError(1, "certificate verify failed"),
    TimeoutError(),
)


WAITS_FOR_AN_OPERATOR = (
    asyncpg.TargetServerAttributeNotMatched("None of the hosts match"),
    asyncpg.UnsupportedServerFeatureError("no such thing"),
    asyncpg.UnsupportedClientFeatureError("no such thing"),
    asyncpg.ClientConfigurationError("invalid DSN with hidden"),
)


PROGRAMMING_ERRORS = (
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"),
    asyncpg.InterfaceError("cannot use Connection.transaction() in a manually started transaction"),
    asyncpg.InterfaceError("pool is not initialized"),
    ZeroDivisionError(),
)


@pytest.mark.parametrize("error", GONE, ids=str)
def test_a_connection_that_is_gone(error: Exception) -> None:
    with pytest.raises(Unavailable), faults_sorted():
        raise error


def test_a_plan_for_a_schema_that_is_no_more_asks_for_new_connections() -> None:
    assert asks_for_new_connections(asyncpg.InvalidCachedStatementError("cached statement plan is invalid"))


@pytest.mark.parametrize("error", WAITS_FOR_AN_OPERATOR, ids=str)
def test_what_waits_for_an_operator_names_what_to_do(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught, faults_sorted():
        raise error
    assert caught.value.advice
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("error", PROGRAMMING_ERRORS, ids=str)
def test_a_wrong_use_of_the_driver_is_a_bug(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, faults_sorted():
        raise error
    assert caught.value is error


def test_every_class_of_the_driver_without_a_code_is_in_the_table() -> None:
    without = {
        name
        for name, error in inspect.getmembers(asyncpg.exceptions, inspect.isclass)
        if issubclass(error, Exception) and not issubclass(error, Warning) and not getattr(error, "sqlstate", None)
    }
    assert without == {
        *("ClientConfigurationError", "InterfaceError", "InternalClientError", "OutdatedSchemaCacheError"),
        *("ProtocolError", "TargetServerAttributeNotMatched", "UnsupportedClientFeatureError"),
        *("UnsupportedServerFeatureError", "PostgresError", "FatalPostgresError", "UnknownPostgresError"),
    }


@pytest.mark.parametrize("sorting", [connecting("db.example/annals"), faults_sorted()], ids=["connecting", "asking"])
def test_an_invalid_value_is_the_sessions_while_connecting_and_the_callers_later(
    sorting: AbstractContextManager[None],
) -> None:
    error = asyncpg.InvalidParameterValueError('role "annals_writer" does not exist')
    with pytest.raises((SchemaMissing, Unstorable)) as caught, sorting:
        raise error
    assert isinstance(caught.value, SchemaMissing) == ("db.example/annals" in str(caught.value))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://user:hidden@db.example:5432/annals", "db.example:5432/annals"),
        ("postgresql://user:hidden@one:5432,two:5433/annals?password=hidden", "one:5432,two:5433/annals"),
        ("postgresql://user:hid/den@db.example/annals", "ANNALS_DATABASE_URL"),
        ("postgresql://user:hid#den@db.example/annals", "ANNALS_DATABASE_URL"),
        ("postgresql://user:hid?den@db.example/annals", "ANNALS_DATABASE_URL"),
        ("postgresql://[user:hidden", "ANNALS_DATABASE_URL"),
    ],
)
def test_a_place_is_named_without_user_and_password(url: str, place: str) -> None:
    assert place_of(url) == place
