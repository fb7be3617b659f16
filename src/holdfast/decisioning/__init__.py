"""Decisioning: gates, score, limit and price; every decision explains itself.

A logged decision replays to the same bytes.
"""
