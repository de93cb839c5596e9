"""The room's scripts, by name: `scripts/page.lua` is `script("page")`. The server runs each as one command.

A query asks which generation is live, and goes to it, within one command: so it needs one round trip, and no switch
comes in between.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

FOLDER = Path(__file__).parent / "scripts"


class Script:
    """A script. The server keeps its text until it is restarted, and is sent it again then."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Any, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> Any:
        """The script's answer. Raises what the driver raises."""
        try:
            return await redis.execute_command("EVALSHA", self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await redis.execute_command("EVAL", self._text, len(keys), *keys, *arguments)


@cache
def script(name: str) -> Script:
    """A query's script."""
    return Script("".join((FOLDER / f"{part}.lua").read_text("utf-8") for part in ("live", name)))
