"""A worker that kills itself at a named point: `python -m tests.faults.worker <role> <point> <nth>`."""

import sys

from infra.processes.worker import run_worker
from infra.settings import Settings
from tests.faults.points import POINTS, Countdown


def main() -> None:
    """Run until the nth passage of the point."""
    role, point, nth = sys.argv[1:]
    POINTS[role][point](Countdown(int(nth)))
    run_worker(role, Settings())


if __name__ == "__main__":
    main()
