"""Payments: money out and money in, by rails that may be slow, silent or wrong.

An order whose answer is unknown is enquired after, never sent again.
"""
