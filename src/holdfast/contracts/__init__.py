"""Contracts: agreed terms become a text, the text is signed by both, and both signatures verify anywhere.

A contract above the ceiling on its signing day cannot be signed.
"""
