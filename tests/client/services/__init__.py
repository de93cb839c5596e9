"""Services of others, as contracts/README.md has them written."""
