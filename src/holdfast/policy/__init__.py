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
from holdfast.policy.rests import rest_days
from holdfast.policy.store import pack_in_force, read_pack, record_house_act, store_pack
from holdfast.policy.workdays import REST_AT_MOST, Workday, add_workdays, is_workday, kind_of_rest, next_day_without

__all__ = [
    "REST_AT_MOST",
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
    "kind_of_rest",
    "lender",
    "load",
    "may_originate",
    "next_day_without",
    "note_closed",
    "note_night",
    "pack_in_force",
    "read_pack",
    "record_house_act",
    "rest_days",
    "set_business_date",
    "set_lender",
    "shift_clock",
    "shipped",
    "store_pack",
]
