"""`annals` with bugs in the code of the users context: it raises at every event of the city of Nowhere.

python -m tests.parking.buggy_code worker projection
"""

from dataclasses import replace
from typing import Any

from contracts.users.events import UserCreated, UserUpdated
from infra.cli.main import main
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.core.context import Context
from workers.core.projection import Document
from workers.core.recorded import Recorded


def fail_in_nowhere(recorded: Recorded) -> None:
    """Raises for an event with this city."""
    event = recorded.event
    if isinstance(event, UserCreated | UserUpdated) and event.city == "Nowhere":
        raise LookupError(f"there is no such city; {event.first_name}")


def with_bugs(context: Context) -> Context:
    (card,) = context.projections
    (welcome,) = context.sagas

    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        fail_in_nowhere(recorded)
        return card.evolve(document, recorded)

    def follow(state: Any, recorded: Recorded) -> Any:
        fail_in_nowhere(recorded)
        return welcome.evolve(state, recorded)

    return replace(context, projections=(replace(card, evolve=evolve),), sagas=(replace(welcome, evolve=follow),))


if __name__ == "__main__":
    all_contexts = chosen_contexts(Settings())
    assert isinstance(all_contexts, dict)
    all_contexts["users"] = with_bugs(all_contexts["users"])
    main()
