from pathlib import Path
from infra.postgres.schema import schema
from infra.postgres.migrate import migrate
async def test_x(database_url):
    Path("infra/postgres/schema.sql").write_text(await schema(database_url))
