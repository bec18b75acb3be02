"""API priority and fairness: whose turn it is when there is more to do than fits (upstream: pkg/util/flowcontrol).

All of it is logic without I/O: clocks and timers are handed in, and everything runs on the event loop.
"""
