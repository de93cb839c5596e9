"""The projection worker: folding events into read models, on a store kept in memory."""
