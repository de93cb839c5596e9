"""Replays a schedule: `.venv/bin/python -m tests.simulation --seed 123 --trace`."""

from typing import Annotated

import typer

from tests.simulation.faults import said
from tests.simulation.schedule import described, planned, reduced, run
from tests.simulation.silence import silent

TEDIOUS = (".heartbeat", "BrokerWithGroups.fetch", "BrokerWithGroups.reach", "ReadModelServer.get", "  left  ")


def main(
    seed: Annotated[int, typer.Option(help="The schedule's number.")],
    trace: Annotated[bool, typer.Option(help="Print what happened at which virtual time.")] = False,
    everything: Annotated[bool, typer.Option(help="With --trace: also heartbeats and other asking.")] = False,
    faults: Annotated[str | None, typer.Option(help="Only these faults, by their numbers from 0, or none.")] = None,
    orders: Annotated[str | None, typer.Option(help="Only these commands, by their numbers from 0.")] = None,
    shrink: Annotated[bool, typer.Option(help="Look for a smaller plan that fails alike.")] = False,
    digest: Annotated[bool, typer.Option(help="Print only the digest of the whole trace.")] = False,
) -> None:
    """Run one schedule and say what is wrong; exit code 1 when anything is."""
    with silent():
        verdict = run(reduced(planned(seed), faults, orders), trace=trace or digest)
        if digest:
            print(verdict.digest)
            return
        print(f"seed {seed}, faults:\n{said(verdict.plan.faults)}")
        for line in verdict.trace if trace else ():
            if everything or not any(word in line for word in TEDIOUS):
                print(line)
        for name, count in sorted(verdict.counts.items()):
            print(f"{count:8} {name}")
        for finding in verdict.findings:
            print(finding)
        if verdict.findings and shrink:
            print(described(verdict))
    raise SystemExit(1 if verdict.findings else 0)


if __name__ == "__main__":
    typer.run(main)
