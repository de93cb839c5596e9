"""`annals projections`: building a read model anew beside the live one, comparing the two, and switching."""
