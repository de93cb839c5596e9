"""Why somebody acts by hand: one reason, checked before anything is looked at, kept with each action."""

from typing import Annotated

import typer

from workers.ports.interventions import Reason, ReasonRefused

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the action.")]


def given_reason(text: str) -> Reason:
    """The reason that was given. Raises BadParameter."""
    try:
        return Reason(text)
    except ReasonRefused as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from error
