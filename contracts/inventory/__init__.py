"""The published language of inventory: one stream for each stock keeping unit (SKU)."""
