"""The migrations of this version, and what a database lacks of them."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return f"{self.number:04d}_{self.name}"

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this version, in order."""
    folder = Path(__file__).parent / "migrations"
    found = []
    for path in sorted(folder.glob("*.sql")):
        number, name = path.stem.split("_", 1)
        found.append(Migration(int(number), name, path.read_text("utf-8")))
    return found


def lacking(applied: Collection[int]) -> list[str]:
    """The migrations that were not applied, as `0019_answers_to_steps`, in order."""
    return [each.file_name for each in migrations() if each.number not in applied]
