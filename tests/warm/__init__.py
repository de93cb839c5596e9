"""Processes of Annals that start in milliseconds, because they are forked from one that has imported all modules.

Without this, a test that starts `annals` fifty times spends a minute on imports. These processes are real: each has its
own pid, environment, folder and output, runs a module as `python -m` does, and ends by a signal or an exit code. Only
the start of the interpreter and the imports are not repeated; tests of the start itself use `sys.executable`.
"""
