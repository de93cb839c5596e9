"""`annals topics create`: make the Kafka topics of every context."""

import asyncio
import json
from typing import Annotated

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.callback()
def topics() -> None:
    """The Kafka topics."""


@app.command()
def create(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Create the topics that are missing and check the partitions of the others. Safe to run at any time."""
    from infra.devstack.addresses import located
    from infra.kafka.topics import create_topics, topics_of
    from workers.domain import contexts

    settings = located(Settings())
    created = asyncio.run(create_topics(settings, topics_of(list(contexts()), settings)))
    if as_json:
        typer.echo(json.dumps({"created": created}))
    else:
        typer.echo("\n".join(f"created {name}" for name in created) or "all topics exist")
