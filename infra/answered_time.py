"""The database's time between its answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

# The database's clock may be set, and this process's may run a little faster or slower.
MAX_AGE_SECONDS = 1.0


class AnsweredTime:
    """The time of the last answer and what has passed since. It is never ahead of the database and does not go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds, from whenever."""
        self._clock = clock
        self._answered: tuple[datetime, float] | None = None

    def __call__(self) -> datetime | None:
        """None: there was no answer in the last `MAX_AGE_SECONDS`."""
        if self._answered is None:
            return None
        now, answered_at = self._answered
        passed = self._clock() - answered_at
        return now + timedelta(seconds=passed) if passed <= MAX_AGE_SECONDS else None

    def note(self, now: datetime) -> None:
        """An answer was given at this time of the database. Answers may come in another order than they were given."""
        time = self()
        if time is None or time <= now:
            self._answered = (now, self._clock())
