"""The room's SQL, by name: `queries/take_lane.sql` is `sql("take_lane")`."""

from functools import cache
from pathlib import Path


@cache
def sql(name: str) -> str:
    """The text of a query."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")
