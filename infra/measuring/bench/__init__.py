"""`annals bench`: what this machine gives, measured on real servers with real workers, in a corner of its own.

Each measurement is printed beside the raw rates of the same servers in the same run: on a shared machine only ratios
within one run can be compared.
"""
