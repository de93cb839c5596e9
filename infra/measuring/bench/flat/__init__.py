"""Whether cost stays flat: over the length of a stream, the rows in the tables, the lanes of a worker.

Rows are generated from a few real ones by the database itself, and the time that takes is part of the result.
"""
