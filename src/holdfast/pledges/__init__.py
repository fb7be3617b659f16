"""Pledges: the right over the thing, from delivery to the day it is lifted.

A pledge is lifted in full only when nothing is owed that it secures.
"""
