"""The reason of an operator's action: checked before the command does anything, and stored with each action."""

from typing import Annotated

import typer

from workers.ports.interventions import Reason, ReasonRefused

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the action.")]


def given_reason(text: str) -> Reason:
    """The reason in the option's text. Raises BadParameter."""
    try:
        return Reason(text)
    except ReasonRefused as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from error
