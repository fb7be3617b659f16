"""The console: what staff see and do.

One module a screen. A view asks `reading` for what stands in the book, calls one verb of a
capability for what is to change, and shows why as well as what. No rule is decided here.
"""
