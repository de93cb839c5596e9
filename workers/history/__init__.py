"""The past in readable form: the state of a stream at a point, and the tree of all that one request led to. The only
I/O is through ports.
"""
