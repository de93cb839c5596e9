"""The `annals` command line: a module a command (group), each with a Typer `app`; main.py lists, exits.py ends them."""
