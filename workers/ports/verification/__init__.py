"""What a verification reads and a repair writes: the tables, the log, the read models, and scratch space.

`table` is the database's side, `rows` its rows; `topics` is the log's side; `documents` the read models'; `steps` the
scratch space in which a fold keeps what it expects; `repair` is what a repair may change in the database. Every method
that asks a server raises Unavailable when the server does not answer in time.
"""
