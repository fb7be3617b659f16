"""Applications: the ask, from the first one-time code to a file that is complete.

Total cost is shown before anything is asked for, and nothing that was entered is lost.
"""
