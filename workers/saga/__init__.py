"""The saga worker: follows the log and answers events with commands, each with an effect of exactly once.

A batch goes through these files: lane.py (the order of the steps), lane_instances.py (shared_instances.py),
following.py (instances.py), outbox.py. Deadlines and answers to steps come through internal_event_source.py
(internal_events.py).
"""
