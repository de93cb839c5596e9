"""`annals …` as the command line of a child process."""

import sys


def annals(*arguments: str) -> tuple[str, ...]:
    """The command line of `annals <arguments>` in this interpreter, whether or not `annals` is on the PATH.

    `-P`: Python must not import modules from the caller's working directory.
    """
    return (sys.executable, "-P", "-m", "infra.cli.main", *arguments)
