"""What differs between the Pythons that Annals runs on is not used."""

import ast
from pathlib import Path

from tests.architecture.sources import PACKAGES, of_each, sources, tree

every_file = of_each(sources(*PACKAGES, "tests"))


@every_file
def test_nothing_is_raised_in_an_except_star(path: Path) -> None:
    """Before Python 3.11.4 it comes out in another group, and whoever catches it by its class does not."""
    raised = [
        node.lineno
        for attempt in ast.walk(tree(path))
        if isinstance(attempt, ast.TryStar)
        for handler in attempt.handlers
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise)
    ]
    assert not raised, f"line {raised}: catch the group itself, and raise one of it"
