"""Processes of Annals that start in milliseconds: forked from one that has imported everything already.

A test that starts `annals` fifty times spends a minute on imports. These processes are as real as others: each has its
own pid, environment, folder and output, runs a module as `python -m` does, and ends by a signal or an exit code. Only
the start of the interpreter and the imports are not repeated; tests of the start itself use `sys.executable`.
"""
