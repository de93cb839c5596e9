"""The projection worker: folds the log into read models, each event once in effect."""
