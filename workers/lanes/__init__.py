"""How a process holds lanes: group membership, one runner for each lane, bounded queues, takeover and release.

host.py joins the consumer group and starts a runner.py for each assigned partition. The runner acquires the lane,
beginning.py finds the offset to read from, queue.py keeps the fetched records, and the role's `LaneWork` (work.py)
handles them. idle.py wakes lanes that wait for records (waiting.py) and have something to do without. watch.py measures
lag and notices a consumer that has stopped fetching. sequenced.py turns the records of an event topic into the gapless
events that sagas and projections read.
"""
