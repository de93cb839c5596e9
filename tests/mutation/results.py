"""The results that mutmut has stored for each mutant, as lines of a report."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NamedTuple

from tests.mutation.harmless import reason

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutation"

Status = Literal["killed", "timeout", "survived", "no test", "not run"]

# The exit codes of a mutant's pytest, as mutmut keeps them: https://github.com/boxed/mutmut, mutmut/stats.py.
STATUSES: dict[int | None, Status] = {None: "not run", 0: "survived", 1: "killed", 3: "killed"}
STATUSES |= {5: "no test", 33: "no test"}
STATUSES |= dict.fromkeys((-24, 24, 36, 152, 255), "timeout")


SURVIVORS: tuple[Status, ...] = ("survived", "no test")


class Mutant(NamedTuple):
    """One change: its name, the file that it is made in, and what became of it."""

    name: str
    path: str
    status: Status

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")


def mutants_of(names: Sequence[str]) -> list[Mutant]:
    """The mutants of these names (without names: all), with the status of the last run of each."""
    mutants = FOLDER / "mutants"
    metas = ((path, json.loads(path.read_text("utf-8"))) for path in sorted(mutants.rglob("*.py.meta")))
    return [
        Mutant(name, str(path.relative_to(mutants)).removesuffix(".meta"), STATUSES[code])
        for path, meta in metas
        for name, code in meta["exit_code_by_key"].items()
        if not names or any(fnmatchcase(name, pattern) for pattern in names)
    ]


def report_lines(mutants: Iterable[Mutant], *, diffs: bool) -> Iterator[str]:
    """The survivors (`diffs`), and a line for each module: how many of its mutants a test has noticed."""
    counts: dict[str, Counter[str]] = {}
    for mutant in mutants:
        status: str = mutant.status
        if status in SURVIVORS:
            diff = _diff(mutant)
            if (why := reason(diff)) is not None:
                status = "harmless"
            if diffs:
                yield f"{mutant.name}: {why or mutant.status}"
                yield from (
                    f"    {line}" for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in "+++---"
                )
        for part in (mutant.module, "all"):
            counts.setdefault(part, Counter())[status] += 1
    whole = counts.pop("all", Counter())
    for module, count in [*counts.items(), ("all", whole)]:
        noticed = count["killed"] + count["timeout"]
        run = noticed + count["survived"] + count["no test"]
        if run:
            rest = ", ".join(f"{number} {status}" for status, number in sorted(count.items()) if status != "killed")
            yield f"{module:45} {noticed:5} of {run:5} noticed: {100 * noticed / run:5.1f} %   {rest}"


def harmless(mutant: Mutant) -> str | None:
    """Why no test needs to notice it; None: one should."""
    return reason(_diff(mutant))


def _diff(mutant: Mutant) -> str:
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # reads mutmut's settings where it stands

    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        diff: str = get_diff_for_mutant(mutant.name, path=mutant.path)
        return diff
    finally:
        os.chdir(before)
