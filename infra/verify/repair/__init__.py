"""Mends what a verification has found, as far as it is plain what is right: the table's events are.

Everything here is safe beside a working system: a lane's log is written by its owner for the moment, a read model in
the transaction of its checkpoint, unique_claims while the lanes of their streams hold still.
"""
