"""Programs that drive a system to learn about it: `annals bench`, `annals soak` and `annals demo`.

None of it belongs to the running product; the product imports nothing from here.
"""
