"""The pure core's vocabulary: deciders, projections, sagas and the contexts that declare them.

Plain functions of values. Nothing here, and nothing in `workers/domain`, awaits, reads a clock, draws a random number
or imports a driver.
"""
