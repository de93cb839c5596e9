"""Repair: sets right what a verification found, where it is plain what is right: the table's events are.

Each repair is safe beside working workers. The log of a lane is written by the lane's owner of the moment, a read model
in the transaction of its checkpoint, unique claims while the lanes of their streams hold still. Each action is recorded
before it is done, with the operator and the reason.
"""
