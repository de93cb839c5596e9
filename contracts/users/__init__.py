"""The users context: who takes part, how to reach them and whether they were welcomed. A stream is one user.

`commands` may be asked of it, `events` are what it says, `examples` shows one of each.
"""
