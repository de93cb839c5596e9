"""infra/postgres/schema.sql shows the database as it is. Write it again with `python -m infra.postgres.schema URL`."""

from pathlib import Path

from infra.postgres import schema as schema_module
from infra.postgres.schema import schema

FILE = Path(schema_module.__file__).with_suffix(".sql")


async def test_is_what_a_freshly_migrated_database_has(url: str) -> None:
    assert FILE.read_text("utf-8") == await schema(url), "write it again: python -m infra.postgres.schema URL"
