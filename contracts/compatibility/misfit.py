"""What of a written value a reader may not take, and how that is said."""

import json
from dataclasses import dataclass
from typing import Any

NOT_SAID = object()
"""The schema does not use the keyword."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """At `place` (`lines[].quantity`; empty for the whole) `keyword` says `accepted` of what is read, and `written` of
    what is written. Without `certain` it cannot be decided whether the one includes the other.
    """

    place: str
    keyword: str
    written: Any = NOT_SAID
    accepted: Any = NOT_SAID
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Sides:
    """Who writes and who reads, and when: the words for a misfit. `whole` is what the fields are those of."""

    writers: str
    verb: str
    time: str
    whole: str = "the message"

    def reason(self, misfit: Misfit) -> str:
        """A sentence that says what is wrong, and where."""
        where = f"field `{misfit.place}`" if misfit.place else self.whole
        accepted = f"{self.verb} {_shown(misfit.accepted)} {self.time}"
        if not misfit.certain:
            return (
                f"{where}: `{misfit.keyword}` {accepted}, and {self.writers} have {_shown(misfit.written)}: that the "
                "one includes the other cannot be known for certain"
            )
        match misfit.keyword:
            case "required":
                lack = "lack" if misfit.written is NOT_SAID else "may lack"
                return f"{where} {self.verb} required {self.time}, {self.writers} {lack} it"
            case "unknown":
                return f"{where} {self.verb} unknown {self.time}, {self.writers} have it"
            case "gone":
                return f"{where} {self.verb} gone {self.time}, {self.writers} carry it"
            case "default":
                return f"{where}: left out, it {accepted}, and {_shown(misfit.written)} when {self.writers} left it out"
            case "type":
                return f"{where} {accepted}, {self.writers} may have {_shown(misfit.written)}"
            case keyword:
                return f"{where}: `{keyword}` {accepted}, {self.writers} may have {_shown(misfit.written)}"


MAX_SHOWN_CHARACTERS = 120


def _shown(value: Any) -> str:
    if value is NOT_SAID:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
