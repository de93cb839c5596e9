"""The tests of the project are run where it is installed, by a test here."""

collect_ignore = ["project"]
