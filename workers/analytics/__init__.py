"""The analytics loop: follows the events of all contexts that have series, and keeps the sums of their windows.

`fold.py` is pure: from the events of a lane to its windows. `lane.py` keeps what the fold has in a table that survives
a crash, and publishes the windows.
"""
