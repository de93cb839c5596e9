"""What an event says is read from the view `annals.live_events`: a context may have been copied and switched. What was
recorded is read for the places of events alone, which are the same in every generation, and to make and compare copies.
"""

import re

from infra.postgres.queries import FILES
from infra.postgres.schema_files import FOLDER

RECORDED = re.compile(r"(?:FROM|JOIN)\s+annals\.events\b", re.IGNORECASE)
PLACES_ALONE = {
    "ahead",
    "journal_of_instance",
    "look_up",  # whether the event behind a snapshot exists; the events themselves come from the view
    "recorded_ends",
    "snapshots_after",
    "streams_after",
    "streams_begun",
    "unknown_streams",
}
COPIES = {"copy_events", "streams_of_generation"}
MEASURED = {"commands_with_several_events", "streams_with_several", "times_between"}


def test_only_these_queries() -> None:
    reading = {name for name, path in FILES.items() if RECORDED.search(path.read_text("utf-8"))}
    assert reading == PLACES_ALONE | COPIES | MEASURED


def test_no_function() -> None:
    functions = sorted((FOLDER / "functions").glob("*.sql"))
    assert functions
    assert [path.stem for path in functions if RECORDED.search(path.read_text("utf-8"))] == []
