"""Tables and progress bars by rich, for texts of our own: they are written past the filter of the output (output.py),
because they move the cursor themselves.
"""

import sys

from rich.console import Console
from rich.progress import Progress, ProgressColumn

from infra.output import undisguised


def console_on_stdout(width: int | None = None) -> Console:
    """A console for tables."""
    return Console(file=undisguised(sys.stdout), width=width)


def progress_bar(*columns: ProgressColumn | str, shown: bool = True) -> Progress:
    """A bar on stderr that disappears at its end. What is printed meanwhile goes its own way, through the filter."""
    console = Console(file=undisguised(sys.stderr))
    return Progress(
        *columns, console=console, disable=not shown, transient=True, redirect_stdout=False, redirect_stderr=False
    )
