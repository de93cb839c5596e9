"""The saga worker: following events and sending steps, on ports kept in memory."""
