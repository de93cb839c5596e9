"""Who acts, and why. An operation that changes anything is given an operator, and records each action before it acts.

A crash between the record and the action leaves an action recorded that was not done. That is safe: every action can
be repeated. The other order could leave a change that nobody can explain.
"""

from collections.abc import Mapping
from typing import Any

from workers.ports.interventions import Interventions, Reason


class Operator:
    """The person or program that acts, with the one reason for all actions of an operation."""

    def __init__(self, interventions: Interventions, actor: str, reason: Reason) -> None:
        self._interventions = interventions
        self.actor = actor
        self.reason = reason

    async def record(self, action: str, target: str, details: Mapping[str, Any] | None = None) -> int:
        """Record an action that is about to be done; returns its number. Raises Unavailable and Unstorable."""
        return await self._interventions.record(self.actor, action, target, self.reason, details)
