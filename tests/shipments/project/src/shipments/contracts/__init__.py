"""The published language of shipments: what may be asked, and what is said."""
