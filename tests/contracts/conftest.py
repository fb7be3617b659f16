"""The desk that contract tests stand on."""

from tests.contracts.offers import desk

__all__ = ["desk"]
