"""Test vectors: another system's worked examples, replayed through our own rules.

A scenario names a loan's terms and what happened to it. Here they become `Terms` and events, the one fold
runs over them, and the state is written in the vectors' own words. Nothing here computes a schedule, an
allocation or a balance; what the rules cannot do yet is said by family, from terms and events alone.
"""

from holdfast.servicing.vectors.comparison import CONVENTIONS, Skip, first_difference, skip_of, states
from holdfast.servicing.vectors.fields import NotYet
from holdfast.servicing.vectors.terms import Setting, read_setting

__all__ = ["CONVENTIONS", "NotYet", "Setting", "Skip", "first_difference", "read_setting", "skip_of", "states"]
