"""Whether a published message, or the state of a saga, may change as it has: the rules behind `annals contracts
check`. Pure functions.

Two schemas are compared by containment: every value that the one allows must be read under the other. What cannot be
decided for certain counts as a change that breaks somebody. Validators that are written in Python stand in no schema
and are not compared; the golden samples show some of what they do.
"""
