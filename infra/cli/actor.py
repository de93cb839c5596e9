"""The person who acts: every action of an operator is recorded with an actor and a reason."""

import getpass
from typing import Annotated
from urllib.parse import quote

import typer

from contracts.principal import OPERATOR_PREFIX, Principal

MAX_ACTOR_CHARACTERS = 200

Actor = Annotated[str | None, typer.Option(help="Who you are; by default the account that runs this command.")]


def acting(actor: str | None) -> str:
    """The given actor, or the name of this account."""
    if actor is not None:
        return actor[:MAX_ACTOR_CHARACTERS]
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as containers have them
        return "unknown"


def operator(actor: str | None) -> Principal:
    """The given actor, or this account, as the sender of commands. An operator has all scopes that rules name."""
    from infra.contexts import chosen_contexts
    from infra.settings import Settings
    from workers.core.context import scopes_of

    name = quote(acting(actor), safe="@+")[:MAX_ACTOR_CHARACTERS]
    return Principal(f"{OPERATOR_PREFIX}{name}", scopes_of(chosen_contexts(Settings()).values()))
