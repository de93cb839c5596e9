"""The database's side of verification and repair: typed readers, one query a method, rows mapped by their columns."""
