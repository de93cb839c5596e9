"""The gateway: HTTP in, commands out; outcomes and read models back.

app.py puts it together; command_dispatcher.py sends a command and waits, answers.py turns its outcome into a response,
queries.py reads and waits for positions, problems.py words every error. None of these names a domain: a context's
routes stand in a module of their own, listed in routes.py.
"""
