"""`python -m tests.mutation [--survivors] [patterns of mutants]`: mutmut in a folder of its own, and what it found.

mutmut writes beside the code that it reads. So that nothing of it stands among the sources, and nobody's editing
disturbs a run, it works on a copy of the tree in `.mutation/`, which also keeps what an earlier run has found.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".mutation"
COPIED = ("contracts", "infra", "tests", "workers")
# What mutmut writes down of a mutant: the exit code of its pytest. None: not run yet.
SURVIVED, NO_TEST = 0, (5, 33)
KILLED = "killed"


def main(
    patterns: Annotated[list[str] | None, typer.Argument(help="Mutants by name, as workers.core.*; all.")] = None,
    survivors: Annotated[bool, typer.Option(help="Only those that the last run did not kill.")] = False,
    report: Annotated[bool, typer.Option(help="Run nothing; say what is known.")] = False,
    diffs: Annotated[bool, typer.Option(help="Show each survivor.")] = False,
) -> None:
    """Change `workers/` in small ways, one at a time, and count the changes that make a test fail."""
    if not report:
        _copy()
        names = [name for name, code in _results(patterns) if _standing(code) != KILLED] if survivors else patterns
        mutmut = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *(names or ())]
        subprocess.run(mutmut, cwd=PLACE, check=True)
    _report(patterns, diffs=diffs)


def _copy() -> None:
    PLACE.mkdir(exist_ok=True)
    shutil.rmtree(PLACE / "mutants" / "tests", ignore_errors=True)
    for name in COPIED:
        shutil.rmtree(PLACE / name, ignore_errors=True)
        shutil.copytree(ROOT / name, PLACE / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy2(ROOT / name, PLACE)


def _results(patterns: list[str] | None) -> Iterator[tuple[str, int | None]]:
    for path in sorted((PLACE / "mutants").rglob("*.py.meta")):
        for name, code in json.loads(path.read_text("utf-8"))["exit_code_by_key"].items():
            if not patterns or any(Path(name).match(pattern) for pattern in patterns):
                yield name, code


def _standing(code: int | None) -> str:
    if code is None:
        return "not run"
    if code in NO_TEST:
        return "no test"
    return "survived" if code == SURVIVED else KILLED


def _report(patterns: list[str] | None, *, diffs: bool) -> None:
    counts: dict[str, Counter[str]] = {}
    for name, code in _results(patterns):
        module = name.partition(".x")[0]
        for part in (module, "all"):
            counts.setdefault(part, Counter())[_standing(code)] += 1
        if _standing(code) != KILLED and diffs:
            subprocess.run([sys.executable, "-m", "mutmut", "show", name], cwd=PLACE, check=True)
    for module, count in counts.items():
        run = count.total() - count["not run"]
        share = 100 * count[KILLED] / run if run else 0
        print(f"{module:45} {count[KILLED]:5} of {run:5} killed: {share:5.1f} %   {dict(count)}")


if __name__ == "__main__":
    typer.run(main)
