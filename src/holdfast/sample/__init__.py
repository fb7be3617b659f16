"""The sample book: plainly fictional people (示例) in four products, who have lived some months when it opens.

It is written by the same verbs as any book, day by day with the clock of each day, so that its timeline,
duties, messages, postings and proofs are real ones. Every figure of it is a sample.
"""

from holdfast.sample.load import load

__all__ = ["load"]
