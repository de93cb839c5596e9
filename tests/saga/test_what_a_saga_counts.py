"""What the saga worker counts for its operators: by the names and labels that dashboards rely on."""

from tests.counted import Counted
from tests.lanes.recorded_rows import inbound_all
from tests.saga.installation import ROWS, Installation


async def test_is_each_step_that_was_sent() -> None:
    sent = Counted(annals_saga_steps_total={"saga": "welcome", "step": "welcome"})
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    assert sent.grown() == {"annals_saga_steps_total": len(installation.welcomed)}
    await lane.handle(inbound_all(ROWS))
    assert sent.grown() == {"annals_saga_steps_total": len(installation.welcomed)}, "what was passed is sent no more"
