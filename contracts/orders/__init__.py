"""The published language of orders: what may be asked of an order, what it says, and one order's life as examples."""
