"""`annals bench`: the throughput and latency of this machine, measured on real servers with real workers, in an
isolated environment.

Each measurement is printed beside the raw rates of the same servers in the same run: on a shared machine only ratios
within one run can be compared.
"""
