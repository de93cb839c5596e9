"""The projection worker: applies the event log to read models, each event once in effect.

lane.py         one lane: from records to a batch at its checkpoint
folding.py      applies events to documents, and parks streams on whose events the code fails
unparking.py    retries or skips the event of a parked stream
part.py         what the lane writes, guarded by its checkpoint
section_lane.py, section_folding.py, section_values.py, section_fold.py   the same for a section of a projection
section_integrity.py, section_restoring.py   what the store has lost of a section: noticed, written
integrity.py, rebuilding.py, restoring.py   what the store has lost: noticed, rebuilt, written
"""
