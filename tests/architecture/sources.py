"""The source files of the repository and what they import."""

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "workers", "infra")


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    """The Python files under these folders, relative to the repository."""
    paths = [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert paths, f"no sources under {folders}: has the layout changed?"
    return tuple(paths)


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse((ROOT / path).read_text("utf-8"), filename=str(path))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """The modules that a file imports, anywhere in it, with the line. `from a import b` counts as `a`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import by the full name"
            yield node.module or "", node.lineno


def of_each(paths: Sequence[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """A claim about one file, tested of all of them in one test: there are thousands, and each test has its price. The
    test fails with what is wrong of every file.
    """

    def of_all(claim: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            wrong: list[str] = []
            for path in paths:
                try:
                    claim(path)
                except AssertionError as error:
                    wrong.append(f"{path}: {error}")
            assert not wrong, "\n\n".join(wrong)

        test.__doc__ = claim.__doc__
        return test

    return of_all
