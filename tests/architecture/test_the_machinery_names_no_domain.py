"""What runs any domain names none: loops, ports, verification, adapters, command line find contexts by the catalogue.

Only what plays a part of its own (loads, the demo) and the HTTP routes speak of orders or users.
"""

from contracts.catalogue import catalogue
from tests.architecture.sources import imported, sources

PLAYERS = ("infra/measuring/bench", "infra/measuring/soak", "infra/measuring/demo", "workers/domain", "workers/gateway")
DOMAINS = tuple(f"{room}.{context}." for context in catalogue().contexts for room in ("contracts", "workers.domain"))


def naming_a_domain() -> list[str]:
    """The files of the machinery and of the players that import from a context."""
    named = {
        path.as_posix()
        for path in sources("workers", "infra")
        for module, _ in imported(path)
        if f"{module}.".startswith(DOMAINS)
    }
    return sorted(named)


def test_by_import() -> None:
    paths = naming_a_domain()
    assert [path for path in paths if not path.startswith(PLAYERS)] == []
    assert any(path.startswith("infra/measuring/bench") for path in paths), (
        "or the rule would hold because it finds nothing"
    )
