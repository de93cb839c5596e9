"""The saga "fulfilment": each branch of it as a business case."""
