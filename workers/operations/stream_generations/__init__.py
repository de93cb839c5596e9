"""`annals streams`: copy a context into a new generation through a function, compare the two, switch to it.

transforming.py  what the function makes of one event, checked
copying.py       copies a context
comparing.py     compares the live generation with the copy: events by type, and what each stream leads to
switching.py     makes another generation live, and has the log made anew
"""
