"""Restructuring: more time for a debt, asked for, decided by another person, and never a reset of arrears.

The old terms stay readable.
"""
