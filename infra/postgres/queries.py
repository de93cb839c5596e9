"""The room's queries, by name: `queries/lane_store/acquire_lane.sql` is `sql("acquire_lane")`.

A folder is named after the module that runs its queries (tests/postgres/test_each_query_has_one_module.py).
"""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"
FILES = {file.stem: file for file in sorted(FOLDER.glob("*/*.sql"))}
NAMES = tuple(FILES)


@cache
def sql(name: str) -> str:
    """The text of a query."""
    return FILES[name].read_text("utf-8")
