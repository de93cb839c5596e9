"""The command worker: batches, answers, publishing and taking over, on ports kept in memory."""
