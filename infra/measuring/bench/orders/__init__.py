"""The whole path: orders from placed to settled, through one real worker of each role.

An order is settled when it is confirmed and its money captured: with two lines that takes six commands, six events, and
as many transitions of its saga. Times are the database's: when the events were recorded.
"""
