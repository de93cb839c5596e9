"""A saga worker that derives the ids of its commands from public things, as the release before the seeds did:
`python -m tests.verification.predictable_ids [impatient]`. An impatient one asks soon again for what is not answered.
"""

import sys
from typing import Any, cast

from infra.processes.worker import run_worker
from infra.settings import Settings
from workers.core import answers
from workers.saga.instances import Instances


def main() -> None:
    """Begin no instance with a seed."""
    cast(Any, Instances)._seed_of = lambda *_: None
    if "impatient" in sys.argv:
        answers.ANSWER_SECONDS = 1.0
    run_worker("saga", Settings())


if __name__ == "__main__":
    main()
