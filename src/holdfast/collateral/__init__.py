"""Collateral: the thing that is pledged: its identity, condition, value, and where it is kept.

A valuation is never edited, and a thing in custody always has one place.
"""
