"""An e-mail address is one address however Unicode writes it: claimed, searched and verified alike; what an earlier
release has claimed under another key is named, and set right.
"""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.requests import ADA, is_problem
from tests.gateway.running import running_gateway
from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, repaired, verified

pytestmark = pytest.mark.timeout(300)

COMPOSED, DECOMPOSED = "zoë@ü.example", "zoe\u0308@xn--TDA.example"
KEY = "zoë@xn--tda.example"


async def user_ids(http: Any, **query: str) -> list[str]:
    return [card["user_id"] for card in (await http.get("/users", params=query)).json()["users"]]


async def test_a_second_user_is_rejected_and_either_form_finds_the_first(system: System, tmp_path: Path) -> None:
    zoe = str(uuid.uuid4())
    async with running_gateway(system.settings, tmp_path) as http:
        city = "Ko\u0308ln am Rhein"
        first = await http.post("/users", json={**ADA, "user_id": zoe, "email": DECOMPOSED, "city": city})
        assert first.status_code == 201, first.text
        for form in (COMPOSED, DECOMPOSED, COMPOSED.upper(), "zoe\u0308@ｕ\u0308。example".replace("。", ".")):
            assert is_problem(await http.post("/users", json={**ADA, "email": form}), 409, "EmailTaken")
        await system.settled()
        for form in (COMPOSED, DECOMPOSED, "ZOE\u0308@Ü.example"):
            assert await user_ids(http, email=form) == [zoe]
        assert await user_ids(http, city="KÖLN\u00a0AM  RHEIN") == [zoe]
        card = (await http.get(f"/users/{zoe}")).json()
        assert (card["email"], card["city"]) == (DECOMPOSED, city), "shown as it was written"
        code, verdict = await verified(system)
        assert (code, verdict["found"]) == (0, {})

        await earlier_release(system, zoe)
        code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
        assert code == 1
        assert named(verdict, "unique claim missing") == [f"users email {KEY} of {zoe}"]
        assert named(verdict, "unique claim left over") == [f"users email {DECOMPOSED.lower()} of {zoe}"]
        migrated = await system.annals("migrate", "--json")
        assert json.loads(migrated.output)["claims_renewed"] == 1
        assert (await verified(system))[0] == 0

        await earlier_release(system, zoe)
        code, report = await repaired(system)
        assert (code, report["found"]) == (0, {}), report
        assert await holder(system, KEY) == zoe
        assert await holder(system, DECOMPOSED.lower()) is None

        gone = await http.delete(f"/users/{zoe}")
        assert gone.status_code == 204
        assert (await http.post("/users", json={**ADA, "email": COMPOSED})).status_code == 201


async def earlier_release(system: System, user_id: str) -> None:
    """Make the claim what the first release wrote: the address in lower case."""
    changed = "UPDATE annals.unique_claims SET key = $1 WHERE stream_id = $2"
    await system.database.execute(changed, DECOMPOSED.lower(), user_id)


async def holder(system: System, key: str) -> Any:
    return await system.value("SELECT stream_id FROM annals.unique_claims WHERE key = $1", key)
