"""The words of things, their worth and their keeping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

ITEM_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "expected": ("now", _("To be taken in")),
    "in_custody": ("done", _("In custody")),
    "missing": ("late", _("Not found")),
    "lost": ("late", _("Lost")),
    "handed_back": ("todo", _("Handed back")),
    "disposed": ("todo", _("Sold")),
}
PLEDGE_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "drafted": ("now", _("Waits for the witness")),
    "delivered": ("done", _("Pledge stands")),
    "lifted": ("warn", _("Pledge lifted")),
    "disposed": ("todo", _("Pledge ended by sale or compensation")),
    "void": ("todo", _("Not taken in")),
}
# How a slot is drawn: its class, shape and word.
SLOTS: Final[Mapping[str, tuple[str, str, Text]]] = {
    "in": ("in", "done", _("in custody")),
    "expected": ("unseen", "now", _("to be taken in")),
    "unseen": ("unseen", "now", _("not scanned")),
    "wait": ("wait", "warn", _("to be handed back")),
    "frozen": ("frozen", "hold", _("frozen")),
    "miss": ("miss", "late", _("not found")),
    "none": ("none", "todo", _("empty")),
}
SOURCES: Final[Mapping[str, Text]] = {
    "price_book": _("Price book"),
    "appraisal": _("Our appraisal"),
    "outside_quote": _("Outside quote"),
}
RULES: Final[Mapping[str, Text]] = {
    "lowest_of_fresh_sources": _("the lowest of the fresh sources"),
    "middle_of_fresh_sources": _("the middle one of the fresh sources"),
    "settled_by_two": _("settled by two people"),
}
CHECKLIST: Final[Mapping[str, Text]] = {
    "powers_on": _("Powers on"),
    "screen": _("Screen"),
    "body": _("Body"),
    "cameras": _("Cameras"),
    "buttons_and_ports": _("Buttons and ports"),
    "unlock": _("Face or finger unlock"),
    "battery": _("Battery health"),
    "opened_before": _("Opened before"),
    "water": _("Traces of water"),
}
ANSWERS: Final[Mapping[str, Text]] = {
    "yes": _("Yes"),
    "no": _("No"),
    "clean": _("Clean"),
    "light_marks": _("Light marks"),
    "scratched": _("Scratched"),
    "cracked": _("Cracked"),
    "dented": _("Dented"),
    "bent": _("Bent"),
    "work": _("Work"),
    "works": _("Works"),
    "faulty": _("Faulty"),
    "85_or_more": _("85 % or more"),
    "80_to_84": _("80 to 84 %"),
    "below_80": _("Below 80 %"),
}
DEDUCTIONS: Final[Mapping[str, Text]] = {
    "screen_repair": _("Screen repair"),
    "battery_change": _("Battery change"),
    "camera_repair": _("Camera repair"),
    "port_repair": _("Port repair"),
    "back_glass": _("Back glass"),
    "other": _("Other fault"),
}
PHOTOS: Final[Mapping[str, Text]] = {"front": _("Front side"), "back": _("Back side"), "seal": _("Sealed bag")}
ACTS: Final[Mapping[str, Text]] = {
    "valuation.settle": _("Settle which value counts"),
    "custody.move": _("Move the thing to another slot"),
    "custody.lost": _("Declare the thing lost"),
    "custody.take_in": _("Take the thing into custody"),
    "pledge.add": _("Take in a further thing"),
    "pledge.substitute": _("Take one thing in place of another"),
    "pledge.part_release": _("Let one of several things go"),
    "custody.to_hand_back": _("Make no loan and hand the thing back"),
    "custody.hand_back": _("Hand the thing back"),
    "custody.compensate": _("Compensate for the lost thing"),
}
PASSAGES: Final[Mapping[str, Text]] = {
    "custody.taken_in": _("Taken in"),
    "custody.moved": _("Moved"),
    "custody.missing": _("Not found"),
    "custody.found": _("Found"),
    "custody.lost": _("Declared lost"),
    "custody.to_hand_back": _("To be handed back"),
    "custody.handed_back": _("Handed back"),
    "custody.compensated": _("Compensated"),
}
ENDS: Final[Mapping[str, Text]] = {
    "withdrawn": _("The borrower does not want the loan"),
    "refused": _("The lender does not make the loan"),
    "fraud": _("A sign of fraud was confirmed: no loan is made"),
}
REFUSALS: Final[Mapping[str, Text]] = {
    "pledged_already": _("This phone is pledged already, under %(pledges)s. One phone cannot stand behind two pledges."),
    "imei_differs": _("The IMEIs read from this phone are not those of the file: it is another phone."),
    "imeisv": _("Sixteen digits are an IMEISV. Give the IMEI of fifteen digits, which *#06# shows."),
    "imei": _("This is no IMEI: fifteen digits, the last fitting the others. Dial *#06# and look again."),
    "imei_twice": _("This is the first IMEI again; a phone with two cards has two different ones."),
    "slot_taken": _("This slot is taken; choose an empty one."),
    "seal_used": _("This seal has been used before; a seal is used once. Take a new one."),
    "seal_differs": _("The seal scanned does not belong here. Do not open it, and tell the head of custody."),
    "item_state": _("The thing is not where this can be done any more; load the page anew."),
    "pledge_state": _("This pledge has moved on; load the page anew."),
    "pledge_stands": _("The pledge still stands; the thing does not leave before it is lifted."),
    "debt_left": _("Something is still owed; a pledge is lifted in full only when nothing is."),
    "not_covered": _("What would remain does not cover what is owed; the pledge stands."),
    "price_missing": _("The price book has no price for %(model)s %(storage_gb)s GB. Risk loads one before this phone can be valued."),
    "price_stale": _("The newest price for %(model)s %(storage_gb)s GB is of %(as_of)s and too old. Risk loads a new one."),
    "not_referred": _("The sources do not lie far apart; there is nothing to settle."),
    "sources_changed": _("A source has spoken again or has run out since this was asked; ask again."),
    "no_valuation": _("This thing has no settled value; value it first."),
    "audit_open": _("This shelf is being audited already; go on with that audit."),
    "audit_closed": _("This audit is closed."),
    "shelf_in_use": _("Something lies where the shelf would end; move it first."),
    "loan_frozen": _("The loan is frozen; two people must thaw it first."),
    "payout_unknown": _("A payout's outcome is unknown; the money may be out. Enquire first."),
    "nothing_held": _("Nothing of this loan is in custody."),
    "ends_by_fraud": _("The loan is frozen for a sign of fraud: it ends by that, or is thawed first."),
    "not_lost": _("Nothing of this loan has been declared lost."),
    "moved_since": _("The thing has been moved since this was asked; ask again."),
    "no_take_in_duty": _("This loan waits for nothing to be taken in."),
    "loan_state": _("The loan has moved on; load the page anew."),
    "approval_other_inputs": _("What was agreed to was something else; ask again."),
    "lock_on": _("Have the owner sign out of the maker's account. A locked phone is not taken in."),
    "sim_in": _("Have the owner take the SIM card out and keep it."),
    "photo_missing": _("Take a photo of it."),
    "slot_unreadable": _("Write shelf, level and slot, such as A-03-05."),
    "seal_unreadable": _("A seal's number has 4 to 24 letters, digits and dashes."),
    "no_slot": _("There is no slot %(place)s in this branch."),
    "words_short": _("Say in a few words how it came about."),
    "identity_unseen": _("Look at the owner's identity card first."),
    "nothing_left": _("The faults leave nothing of the price; such a phone is not taken."),
    "valuation_referred": _("The sources disagree; two people must settle which value counts."),
    "nothing_to_value": _("No thing stands behind this loan."),
    "no_item": _("Nothing within your sight bears this seal."),
}
