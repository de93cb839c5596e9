"""Looks for a broken promise in schedules that no run of the tests draws:
`.venv/bin/python -m tests.conservation --seed 100 --rounds 5`.
"""

from typing import Annotated, Literal

import typer

from tests.conservation.plans import harsh_plans, plans, races
from tests.conservation.search import searched, story

Drawn = Literal["usual", "harsh", "race"]
DRAWN = {"usual": plans, "harsh": harsh_plans, "race": races}


def main(
    seed: Annotated[int, typer.Option(help="Of the first round; each of the others has the next one.")],
    rounds: Annotated[int, typer.Option(help="How many rounds.", min=1)] = 1,
    schedules: Annotated[int, typer.Option(help="How many schedules a round.", min=1)] = 12_000,
    drawn: Annotated[
        Drawn, typer.Option(help="harsh: strangers do whatever they can; race: one order, and a client that is faster.")
    ] = "usual",
) -> None:
    """Say what was found, and the shortest schedule of each kind; exit code 1 when anything was."""
    is_broken = False
    for number in range(seed, seed + rounds):
        findings = searched(number, schedules, DRAWN[drawn])
        print(f"seed {number}: {findings.broken.total()} of {schedules} schedules break a promise", flush=True)
        for kind, count in findings.broken.most_common():
            is_broken = True
            print(f"{count} times: {kind}{story(findings.shortest[kind])}")
    raise SystemExit(1 if is_broken else 0)


typer.run(main)
