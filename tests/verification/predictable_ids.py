"""A saga worker that derives the ids of its commands from public things:
`python -m tests.verification.predictable_ids`.
"""

from typing import Any, cast

from infra.processes.worker import run_worker
from infra.settings import Settings
from workers.core import answers
from workers.saga.instances import Instances


def main() -> None:
    """Begin no instance with a seed, as the release before the seeds; and ask soon again for what is not answered."""
    cast(Any, Instances)._seed_of = lambda *_: None
    answers.ANSWER_SECONDS = 1.0
    run_worker("saga", Settings())


if __name__ == "__main__":
    main()
