"""The published language of Annals: what other services import. pydantic and the standard library only.

One folder per context holds its commands and events; the modules here hold what all contexts share: the envelope, the
outcome of a command, the partitioner, the topic names and the catalogue that finds the messages.
"""
