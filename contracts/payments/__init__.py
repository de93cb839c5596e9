"""The published language of payments: one account a user, from which orders are paid."""
