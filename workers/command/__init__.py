"""The command worker: reads commands, decides, writes events and outcomes in one transaction, publishes and replies.

A batch goes through these files: lane.py (the order of the steps), reading.py, directing.py, loading.py (streams.py,
snapshots.py), deciding.py (claims.py, repeats.py), sending.py (answering.py), and publisher.py (records.py).
taking_over.py and outputs.py prepare a lane that was just acquired.
"""
