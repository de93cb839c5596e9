"""Processes that a parent of ours starts: every way to start, supervise, stop and find them stands in this room.

    command.py      `annals …` as a child's command line
    termination.py  SIGTERM, a bounded wait, SIGKILL
    supervised.py   a child that is restarted whenever it ends, with its output passed on line by line
    records.py      which process was started for a home, so that a later run can tell it from a stranger
    orphans.py      stops what a killed run left behind

What only the embedded servers need (probing, downloads, another user) stands in infra/devstack/server_process.py.
"""
