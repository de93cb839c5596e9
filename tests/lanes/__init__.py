"""The loop around every lane: holding, feeding, dropping and taking again; and the reading of events in sequence."""
