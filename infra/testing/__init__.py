"""The kit by which contexts are tested as they are run: an installation in memory, and the embedded servers for pytest.
Development only; nothing in production imports it.
"""
