"""`annals soak`: load and random faults for a given time, then a table of the results.

    isolated_servers.py  servers of its own, in a home of its own
    worker_pool.py       worker processes, each restarted when it has ended
    load.py              commands at a fixed rate; the id of each that Kafka acknowledged is kept
    fault_plan.py        which fault comes next, from a seed         fault_injector.py  what each of them does
    probe.py             one new user per lane: has the system recovered, and how long did it take?
    fault_sequence.py    one fault after another, under load
    sampling.py          memory, descriptors and counters of each worker
    audit.py             what was lost or handled twice
    run.py               all of it together                          report.py  the figures; tables.py lays them out

Nothing here belongs to the running product, and nothing here touches servers that it has not started.
"""
