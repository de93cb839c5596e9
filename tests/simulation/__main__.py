"""Replays a schedule: `.venv/bin/python -m tests.simulation --seed 123 --trace`."""

from typing import Annotated

import typer

from tests.simulation.captured_logs import quiet_logs
from tests.simulation.faults import listed
from tests.simulation.schedule import described, planned, reduced, run

TEDIOUS = (".heartbeat", "BrokerWithGroups.fetch", "BrokerWithGroups.reach", "ReadModelServer.get", "  left  ")


def main(
    seed: Annotated[int, typer.Option(help="The schedule's number.")],
    trace: Annotated[bool, typer.Option(help="Print what happened at which virtual time.")] = False,
    everything: Annotated[bool, typer.Option(help="With --trace: also heartbeats and other asking.")] = False,
    faults: Annotated[str | None, typer.Option(help="Only these faults, by their numbers from 0, or none.")] = None,
    submissions: Annotated[str | None, typer.Option(help="Only these commands, by their numbers from 0.")] = None,
    shrink: Annotated[bool, typer.Option(help="Look for a smaller plan that fails alike.")] = False,
    digest: Annotated[bool, typer.Option(help="Print only the digest of the whole trace.")] = False,
) -> None:
    """Run one schedule and say what is wrong; exit code 1 when anything is."""
    with quiet_logs():
        result = run(reduced(planned(seed), faults, submissions), trace=trace or digest)
        if digest:
            print(result.digest)
            return
        print(f"seed {seed}, faults:\n{listed(result.plan.faults)}")
        for line in result.trace if trace else ():
            if everything or not any(word in line for word in TEDIOUS):
                print(line)
        for name, count in sorted(result.counts.items()):
            print(f"{count:8} {name}")
        for finding in result.findings:
            print(finding)
        if result.findings and shrink:
            print(described(result))
    raise SystemExit(1 if result.findings else 0)


if __name__ == "__main__":
    typer.run(main)
