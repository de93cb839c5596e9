"""Writes distributions as an installer leaves them: packages, and the metadata with their entry points."""

import shutil
from collections.abc import Mapping
from pathlib import Path

TICKETS = Path(__file__).parent / "tickets"
OF_TICKETS = {
    "annals.contracts": "tickets = tickets.contracts",
    "annals.contexts": "tickets = tickets.context:context",
}


def install(folder: Path, name: str, entry_points: Mapping[str, str], files: Mapping[str, str] | None = None) -> None:
    """Write a distribution into a folder that stands on Python's path. `files`: texts by their paths."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    lines = [f"[{group}]\n{text}\n" for group, text in entry_points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    for path, text in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


def install_tickets(folder: Path) -> None:
    """The distribution of the tickets context."""
    shutil.copytree(TICKETS, folder / "tickets", ignore=shutil.ignore_patterns("__pycache__"))
    install(folder, "help-desk", OF_TICKETS)
