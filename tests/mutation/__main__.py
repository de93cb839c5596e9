"""`python -m tests.mutation [--survivors] [names of mutants]`: runs mutmut in a folder of its own and reports.

mutmut writes beside the code that it reads. So that its files stay out of the sources, and edits do not
disturb a run, it works on a copy of the tree in `.mutation/`, which also keeps the results of earlier runs.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from random import Random
from typing import Annotated

import typer

from tests.mutation.results import FOLDER, ROOT, SURVIVORS, harmless, mutants_of, report_lines

COPIED = ("contracts", "infra", "tests", "workers")


def main(
    names: Annotated[list[str] | None, typer.Argument(help="As workers.domain.*; without any: all.")] = None,
    survivors: Annotated[bool, typer.Option(help="Run only the mutants that no test has noticed so far.")] = False,
    left: Annotated[bool, typer.Option(help="Run only the mutants that have not been run.")] = False,
    sample: Annotated[int | None, typer.Option(help="Run this many mutants, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the sample.")] = 1,
    report: Annotated[bool, typer.Option(help="Run nothing; report the results so far.")] = False,
    diffs: Annotated[bool, typer.Option(help="Show the diffs of the survivors.")] = False,
) -> None:
    """Change `workers/` in small ways, one at a time, and count the changes that make a test fail."""
    if not report:
        wanted = names or []
        if survivors or left or sample:
            statuses = {*(SURVIVORS if survivors else ()), *(("not run",) if left or sample else ())}
            candidates = [mutant for mutant in mutants_of(wanted) if mutant.status in statuses]
            wanted = [mutant.name for mutant in candidates if harmless(mutant) is None]
        if sample:
            wanted = Random(seed).sample(wanted, min(sample, len(wanted)))
        _copy()
        _run(wanted)
    for line in report_lines(mutants_of(names or []), diffs=diffs):
        typer.echo(line)


def _copy() -> None:
    FOLDER.mkdir(exist_ok=True)
    shutil.rmtree(FOLDER / "mutants" / "tests", ignore_errors=True)
    for name in COPIED:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        shutil.copytree(ROOT / name, FOLDER / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy2(ROOT / name, FOLDER)


def _run(names: Sequence[str]) -> None:
    """One mutant at a time: tests that are about time are not to be disturbed by others."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    subprocess.run(command, cwd=FOLDER, check=True)


if __name__ == "__main__":
    typer.run(main)
