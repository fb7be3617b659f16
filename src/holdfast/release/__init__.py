"""Release: the debt is paid, so the right ends and the thing goes home; or, after default, it is sold and the surplus returned.

No path forfeits the thing.
"""
