"""`annals soak`: load and random faults for as long as you like, and a table of what came of it.

    ground.py    servers of its own, in a home of its own
    crew.py      worker processes, started again when they have ended
    load.py      commands by the clock; the id of each that Kafka acknowledged is noted
    plan.py      which fault comes next, from a seed                    faults.py   what each of them does
    probe.py     one new user a lane: well again, and since when?       drill.py    fault after fault, under load
    sampling.py  memory, descriptors and counters of each worker        audit.py    what was lost or repeated
    run.py       all of it together                                     report.py   the figures; tables.py lays them out

Nothing here belongs to the running product, and nothing here touches servers that it has not started.
"""
