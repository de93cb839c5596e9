"""`annals` with another user card: it has a greeting, and knows nothing of cities.

python -m tests.generations.changed_code projections rebuild users
"""

from dataclasses import replace

from infra.cli.main import main
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.core.context import Context
from workers.core.projection import Document
from workers.core.recorded import Recorded


def changed(context: Context) -> Context:
    (card,) = context.projections

    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        after = card.evolve(document, recorded)
        return after and {**after, "greeting": f"Hello {after['first_name']}", "city": None}

    return replace(context, projections=(replace(card, evolve=evolve),))


if __name__ == "__main__":
    all_contexts = chosen_contexts(Settings())
    assert isinstance(all_contexts, dict)
    all_contexts["users"] = changed(all_contexts["users"])
    main()
