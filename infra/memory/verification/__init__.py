"""What a verification reads and a repair writes, in memory: adapters on the table, the broker and the read models.

`table_queries` and `saga_queries` are functions of the table, as the files of SQL are of the database.
"""
