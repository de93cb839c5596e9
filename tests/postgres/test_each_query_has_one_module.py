"""Each query has one name and lies in the folder of its module; no module outside infra/postgres runs one."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from infra.postgres.queries import FILES, FOLDER, NAMES
from tests.architecture.sources import ROOT, sources, tree

ROOM = "infra/postgres"
ASKING = ("rows", "row", "value", "run", "stream")
# Queries whose name is put together: the text before it, and the module that asks them.
PUT_TOGETHER = {"correlated_": "history"}


def texts(path: Path) -> set[str]:
    """All texts in a module's code."""
    return {
        node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def askers(name: str) -> set[str]:
    """The modules of the room, or its folders of modules, that name a query."""
    asking = {module for beginning, module in PUT_TOGETHER.items() if name.startswith(beginning)}
    for path in sources(ROOM):
        if name in texts(path):
            asking.add(path.relative_to(ROOM).parts[0].removesuffix(".py"))
    return asking


def test_names_are_unique() -> None:
    names = Counter(file.stem for file in FOLDER.rglob("*.sql"))
    assert [name for name, count in names.items() if count > 1] == []
    assert sorted(names) == sorted(NAMES), "a query lies in a folder of a module"


@pytest.mark.parametrize("name", NAMES)
def test_a_query_lies_in_the_folder_of_the_module_that_runs_it(name: str) -> None:
    assert FILES[name].parent.name in askers(name)


def test_every_name_that_a_module_runs_is_that_of_a_query() -> None:
    for path in sources(ROOM):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name)), *_]):
                    assert method not in ASKING or name in NAMES, f"{path}:{node.lineno}: there is no query {name}"
                case ast.Call(func=ast.Name(id="sql"), args=[ast.Constant(value=str(name)), *_]):
                    assert name in NAMES, f"{path}:{node.lineno}: there is no query {name}"


def test_the_folders_are_read_from_the_repository() -> None:
    assert FOLDER == ROOT / ROOM / "queries"
