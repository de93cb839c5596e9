"""Databases as earlier releases have made them."""

import re

import pytest

from infra.postgres.migrate import migrate
from infra.postgres.schema_files import Function, Rights, functions, migrations

LAST_BEFORE_ACCOUNTS = 7


async def nothing(*_: object) -> None:
    """Stands for a step that an earlier release did not have."""


async def migrated_by_an_earlier_release(
    url: str, monkeypatch: pytest.MonkeyPatch, *, last: int, with_functions: bool = False
) -> None:
    """Apply the migrations up to this number as a release before the accounts did: by the login itself, which owns it
    all then, and without functions or with those of today.
    """
    with monkeypatch.context() as earlier:
        for step in ("make_roles", "close_to_public"):
            earlier.setattr(f"infra.postgres.migrate.{step}", nothing)
        former = [file for file in migrations() if file.number <= last]
        earlier.setattr("infra.postgres.migrate.migrations", lambda: former)
        earlier.setattr("infra.postgres.migrate.rights", lambda: Rights("SELECT 'those stood in the migrations'"))
        of_then = [_without_later_tables(function) for function in functions()] if with_functions else []
        earlier.setattr("infra.postgres.migrate.functions", lambda: of_then)
        await migrate(url)


def _without_later_tables(function: Function) -> Function:
    """The function without the triggers on tables that the release did not have."""
    statement = r"^(?:CREATE OR REPLACE TRIGGER|ALTER TABLE)[^;]*annals\.copied_events[^;]*;"
    return function._replace(text=re.sub(statement, "", function.text, flags=re.MULTILINE))
