"""`annals worker audit`: a verification that runs again and again in the background, slowly; its verdict is a metric.

ports.py           what the audit needs
host.py            the loop: one process audits, the others stand by
pace.py            slows a verification down
gauges.py          the metrics
parked_totals.py   counts parked streams for the metrics
"""
