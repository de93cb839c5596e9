"""The users context: who takes part, how to reach them and whether they were welcomed. A stream is one user.

`commands` are its commands, `events` its events, `examples` has one of each, `stream` is their base. `upcasters` say
what retired events are today.
"""
