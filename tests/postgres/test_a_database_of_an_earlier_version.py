"""A database from before this version's first migration is left unchanged, and the error says what to do."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.postgres.faults import SchemaTooOld
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schema_errors import DatabaseTooOld
from infra.settings import Settings

# As an installation has it that was made by the first migrations, which this version does not have any more.
EARLIER_TABLES = """
CREATE SCHEMA annals;
CREATE TABLE annals.migrations (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz DEFAULT now()
);
CREATE TABLE annals.lanes (role text, topic text, partition integer, taken_at timestamptz);
INSERT INTO annals.migrations (number, name, checksum) VALUES
    (1, 'truth', 'c1'), (2, 'commit_commands', 'c2'), (3, 'sagas', 'c3'), (4, 'roles', 'c4');
"""


@pytest_asyncio.fixture
async def earlier(empty_url: str) -> Any:
    """The owner's connection to such a database; the roles belong to the whole server and may be there already."""
    connection = await asyncpg.connect(empty_url, timeout=10)
    for role in ("annals_writer", "annals_reader"):
        await connection.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    await connection.execute(EARLIER_TABLES)
    await connection.execute(
        "GRANT USAGE ON SCHEMA annals TO annals_writer, annals_reader;"
        "GRANT SELECT ON annals.migrations TO annals_writer, annals_reader"
    )
    yield connection
    await connection.close(timeout=10)


async def tables(connection: Any) -> list[str]:
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'annals'::regnamespace ORDER BY 1")
    return [row["relname"] for row in rows]


async def test_is_not_migrated(empty_url: str, earlier: Any) -> None:
    before = await tables(earlier)
    with pytest.raises(DatabaseTooOld) as caught:
        await migrate(empty_url)
    assert "cannot upgrade it; nothing was changed" in str(caught.value)
    assert "empty database" in str(caught.value)
    assert await tables(earlier) == before


async def test_is_not_migrated_when_it_has_no_record_of_migrations(empty_url: str, earlier: Any) -> None:
    await earlier.execute("DROP TABLE annals.migrations")
    with pytest.raises(DatabaseTooOld):
        await migrate(empty_url)
    assert await tables(earlier) == ["lanes"]


@pytest.mark.parametrize("role", ["annals_writer", "annals_reader"])
async def test_is_not_opened(empty_url: str, earlier: Any, role: str) -> None:
    with pytest.raises(SchemaTooOld, match="cannot upgrade") as caught:
        await Database(empty_url, role=role, connections=1).open()
    assert "empty database" in caught.value.advice


async def test_is_rejected_by_the_command_line_in_a_sentence(settings: Settings, earlier: Any, tmp_path: Path) -> None:
    assert settings.database_url is not None
    assert settings.redis_url is not None
    addresses = {
        "ANNALS_DATABASE_URL": settings.database_url.get_secret_value(),
        "ANNALS_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers or "",
        "ANNALS_REDIS_URL": settings.redis_url.get_secret_value(),
        "ANNALS_HOME": str(tmp_path),
    }
    for command in (["migrate"], ["lanes", "list"]):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "infra.cli.main", *command],
            env=addresses,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "cannot upgrade" in done.stderr
        assert "begin with an empty database" in done.stderr
        assert "Traceback" not in done.stderr
