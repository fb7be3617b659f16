"""Holdfast: secured lending, from the application to the day the thing is given back.

Start with `life.py`: it names the stages in order and every folder here is one of them,
a piece of the ground they stand on, or an edge through which the world comes in.
"""

__version__ = "0.1.0"
