"""Confirmation: a person calls, makes sure who it is, what they want and that they understand it.

No loan goes on without it, and a sign of fraud stops everything in the same moment.
"""
