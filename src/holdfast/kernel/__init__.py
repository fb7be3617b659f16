"""The ground of the ground: money, rates, dates, ids, errors and canonical bytes.

Imports nothing of ours and asks nothing of the outside but, in `clock`, the time.
"""
