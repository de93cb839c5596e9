"""A worker of the release before a saga came: `python -m tests.verification.older_release <role> <context> <saga>`."""

import sys
from dataclasses import replace
from typing import Any, cast

from infra.contexts import chosen_contexts
from infra.processes.worker import run_worker
from infra.settings import Settings


def main() -> None:
    """Run without the saga."""
    role, name, unknown = sys.argv[1:]
    declared = cast(dict[str, Any], chosen_contexts(Settings()))
    context = declared[name]
    declared[name] = replace(context, sagas=tuple(saga for saga in context.sagas if saga.name != unknown))
    run_worker(role, Settings())


if __name__ == "__main__":
    main()
