"""No module outside infra/postgres writes SQL, names a query or asks the pool for rows: its classes return values."""

import ast
import re
from pathlib import Path

from infra.postgres.queries import NAMES
from tests.architecture.sources import of_each, sources, tree

ROOM = "infra/postgres"
ASKING = {"rows", "row", "value", "run", "connection", "stream"}
PRIVATE = {"infra.postgres.lists", "infra.postgres.queries", "infra.postgres.session", "infra.postgres.function_calls"}
SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT INTO|DELETE FROM|UPDATE \w+(\.\w+)? SET|(CREATE|DROP|ALTER) TABLE)\b", re.DOTALL
)
# Rooms with a database of their own, which is not Postgres' event store: the servers of development, and SQLite.
OTHER_DATABASES = ("infra/devstack/postgres.py", "infra/sqlite")

everywhere_else = of_each(
    [
        path
        for path in sources("contracts", "workers", "infra")
        if not path.as_posix().startswith((ROOM, *OTHER_DATABASES))
    ]
)


@everywhere_else
def test_no_other_module_asks_by_name_or_writes_sql(path: Path) -> None:
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name)), *_]) if (
                method in ASKING
            ):
                assert name not in NAMES, f"{path}:{node.lineno}: the query {name} is asked outside the room"
            case ast.Constant(value=str(text), lineno=line):
                assert not SQL.search(text), f"{path}:{line}: SQL outside the room"


@everywhere_else
def test_no_other_module_imports_what_the_room_keeps_for_itself(path: Path) -> None:
    modules = {
        node.module for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    assert modules & PRIVATE == set()
