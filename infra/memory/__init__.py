"""The memory room: twins of the servers, and adapters that reach them as the real ones reach theirs. No driver at all.

Each twin has two halves. The server is plain state that changes at once: what would survive a worker's crash. The
adapters implement the ports for one process, and come to the server by a `Wire` only, which may fail as networks do.
Both halves sit the same examination as the real ones (tests/ports). Nothing here reads a clock or draws a number.
"""
