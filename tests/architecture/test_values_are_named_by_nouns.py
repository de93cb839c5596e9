"""A value is named by the noun of what it is: `found` or `each` say nothing, and a function may have two of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PACKAGES, of_each, sources, tree

EMPTY_WORDS = frozenset({"found", "each", "known", "held", "one", "it", "them", "there"})


def _names(path: Path) -> Iterator[tuple[str, int]]:
    """The names of variables, parameters and captured values, and where they are given."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            yield node.name, node.lineno


@of_each(sources(*PACKAGES))
def test_in_what_runs_in_production(path: Path) -> None:
    empty = [f"{path}:{line}: {name}" for name, line in _names(path) if name.strip("_") in EMPTY_WORDS]
    assert not empty, "name them by what they hold"
