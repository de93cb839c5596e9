"""`annals demo`: a scripted journey through a running system, from a sign-up to a deleted account.

scenario.py  the steps, one method each            participants.py    the users, goods and orders of one run
session.py   sends commands and follows what they lead to             pausing.py  pauses workers of `annals up`
narrator.py  where the steps are shown             order_history.py   one order as `annals` shows it
balance_checks.py  no money and no goods came from nowhere or went missing
"""
