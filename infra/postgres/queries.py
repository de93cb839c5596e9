"""The room's SQL, by name: `queries/lanes/acquire_lane.sql` is `sql("acquire_lane")`. The folders say who asks."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"


@cache
def sql(name: str) -> str:
    """The text of a query. Names are unique over the folders (tests/postgres)."""
    (file,) = FOLDER.glob(f"*/{name}.sql")
    return file.read_text("utf-8")
