"""Policy: the dated rules that bind the lender, who the lender is, and which days are workdays.

A pack's version stands on everything it governed, so an old loan is judged by the rules of its day.
"""

from holdfast.policy.lender import (
    Lender,
    ask_lender,
    clock,
    from_fields,
    lender,
    may_originate,
    note_closed,
    note_night,
    set_business_date,
    set_lender,
    shift_clock,
)
from holdfast.policy.pack import SHIPPED, Ceiling, Confidence, Hours, LenderType, LoanPrimeRate, Pack, Rule, load, shipped
from holdfast.policy.store import pack_in_force, read_pack, record_house_act, store_pack
from holdfast.policy.workdays import Workday, add_workdays, is_workday

__all__ = [
    "SHIPPED",
    "Ceiling",
    "Confidence",
    "Hours",
    "Lender",
    "LenderType",
    "LoanPrimeRate",
    "Pack",
    "Rule",
    "Workday",
    "add_workdays",
    "ask_lender",
    "clock",
    "from_fields",
    "is_workday",
    "lender",
    "load",
    "may_originate",
    "note_closed",
    "note_night",
    "pack_in_force",
    "read_pack",
    "record_house_act",
    "set_business_date",
    "set_lender",
    "shift_clock",
    "shipped",
    "store_pack",
]
