"""`annals projections`: build a new generation of a read model beside the live one, compare the two, switch to it.

ports.py       what these operations need
building.py    builds a generation from the log
comparing.py   compares the live generation with the one that was built
switching.py   makes another generation live
listing.py     lists all generations
"""
