"""`annals worker <role>`: one worker process in the foreground; every pod of a role runs this."""

from enum import StrEnum
from typing import Annotated

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


class Role(StrEnum):
    """The roles that a worker can have."""

    command = "command"
    projection = "projection"
    saga = "saga"
    analytics = "analytics"
    audit = "audit"


@app.command()
def worker(
    role: Annotated[Role, typer.Argument(help="What this process does.")],
    as_json: Annotated[bool, typer.Option("--json", help="Log JSON lines (as ANNALS_LOG_FORMAT=json).")] = False,
) -> None:
    """Own lanes of one role until SIGTERM or Ctrl-C, then release them in order.

    Start as many workers as you like: the lanes are distributed among them. Of the auditors one verifies repeatedly and
    slowly (ANNALS_AUDIT_INTERVAL_SECONDS between two runs); the others stand by.
    """
    from infra.processes.worker import run_worker

    settings = Settings()
    run_worker(role.value, settings.model_copy(update={"log_format": "json"}) if as_json else settings)
