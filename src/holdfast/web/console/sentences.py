"""Sentences that verbs and tapes say, told in the page's language.

A verb speaks English, for logs and programs read it too. Each template here is such a sentence
with its facts left open: a sentence that fits one is told in the reader's language with the same
facts. One that fits none is shown as it was said, so nothing is ever hidden.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from holdfast.web.console.language import chinese

KNOWN: Final = (
    # what an adapter says of itself
    _("NOT RUN AGAINST A REAL PEER"),
    # receipts, refunds, reversals, duties
    _("received_on: %(day)s has not come yet; today is %(today)s"),
    _("received_on: the loan began on %(began)s, after %(day)s"),
    _("amount: a receipt is more than nothing, not %(amount)s"),
    _("amount: give back more than nothing, in %(currency)s"),
    _("on: the loan began on %(began)s, after %(day)s"),
    _("reason: say in a few words why this is asked"),
    _("reason: say in a few words why this is held"),
    _("reason: say why in a few words"),
    _("words: whoever says no says why"),
    # a cell that cannot be read
    _("%(field)s is empty"),
    _("%(field)s is empty, and the map knows a loan by it"),
    _("%(field)s is %(length)s characters long; that is no %(kind)s"),
    _("%(field)s: write the amount as digits with a point, such as 1234.50, not %(text)s"),
    _("%(field)s: %(currency)s has %(n)s decimals; %(text)s has more"),
    _("%(field)s: %(text)s is beyond the largest amount that we book"),
    _("%(field)s: write a whole number, such as 36, not %(text)s"),
    _("%(field)s: write the rate as percent with at most 7 decimals, such as 5.31, not %(text)s"),
    _("%(field)s: write the month as Jan-18, not %(text)s"),
    _("%(field)s: write a date as YYYY-MM-DD, not %(text)s"),
    # a row that cannot be taken over
    _("the row has %(fields)s fields, the header names %(columns)s columns"),
    _("an earlier row of this tape has the same key"),
    _("the amount lent must be more than nothing"),
    _("a loan has 1 to %(most)s instalments"),
    _("a rate lies between 0 and 100 percent"),
    _("an instalment must be more than nothing"),
    _("the loan would begin after %(day)s, the day as of which the tape is taken over"),
    _("the first instalment must fall due after the loan begins"),
    _("the map %(map)s does not know this status; it knows %(known)s"),
    _("what is outstanding cannot be less than nothing"),
    _("more is outstanding than the %(amount)s that was lent"),
    _("what it leaves of %(amount)s cannot be written off"),
    # what differs or contradicts
    _(
        "%(n)s instalments at %(rate)s %% a year come to %(ours)s; the tape's is %(apart)s more and is kept as the contract%(fitting)s;"
        " the last instalment takes the rest"
    ),
    _(
        "%(n)s instalments at %(rate)s %% a year come to %(ours)s; the tape's is %(apart)s less and is kept as the contract%(fitting)s;"
        " the last instalment takes the rest"
    ),
    _(", as at a rate of about %(rate)s %%"),
    _(", though it repays the loan in time at no rate"),
    _("%(amount)s is outstanding: the loan is taken over alive"),
    _("nothing is outstanding: the loan is taken over as settled"),
    _("all of the principal has come back: the loan is taken over as settled"),
    _("no instalment of this contract is %(days)s days past due on %(day)s"),
    _("the contract's last instalment fell due on %(day)s: the whole balance is due"),
    _("with the balance it comes to %(sum)s, but %(lent)s was lent"),
    _("its parts come to %(sum)s"),
    # what somebody typed into an application
    _("phone: a mobile number has 11 digits and begins with 13 to 19"),
    _("id_number: a resident's number has 17 digits and a last digit or X"),
    _("id_number: the first two digits are no province"),
    _("id_number: digits 7 to 14 are no date of birth"),
    _("id_number: the last character does not fit the others; look for a mistyped digit"),
    _("name: a name has letters, spaces and · only"),
    _("code: it has 6 digits"),
    _("amount: between %(least)s and %(most)s %(currency)s can be lent, not %(amount)s"),
    _("all costs together come to %(cost)s %% a year; rule %(rule)s allows %(cap)s %% on %(day)s"),
    _("words: say to the borrower what is needed and why"),
    _("words: say why in a few words"),
    _("reason: say in a few words why you need to see it"),
    # a tape that cannot be read
    _("the tape is UTF-16; save it as CSV in UTF-8 or GB18030"),
    _("the tape is a spreadsheet or an archive; save its sheet as CSV in UTF-8 or GB18030"),
    _("the tape is empty; its first line must name the columns"),
    _("the as-of date %(day)s lies after the book's business date %(today)s"),
    # a price book that is not loaded
    _("%(text)s is no number of gigabytes"),
    _("%(text)s is no amount; write it as 1234.50"),
    _("%(text)s is no day; write it as 2026-11-20"),
    _("a price is more than nothing"),
    _("%(day)s is still to come"),
    _("this column is missing"),
    _("this column stands twice"),
    _("no column of a price book is called that"),
    _("%(n)s cells where the header has %(m)s"),
    _("the same model, storage, source and day as row %(n)s"),
    _("%(text)s is not a currency we keep books in"),
    _("grade %(worse)s is dearer than grade %(better)s"),
    _("name the model, in at most 80 characters"),
    _("name who says so, in at most 80 characters"),
    # statements, accounts, drawers
    _("this day has not come yet; today is %(today)s"),
    _("the amount is empty"),
    _("this word says neither that money came nor that it went"),
    _("the line says both that money came and that it went"),
    _("the line is about no money"),
    _("this is no currency that we keep books in"),
    _("this is no amount in %(currency)s"),
    _("write the amount in figures, such as 1,234.56"),
    _("the date is empty"),
    _("write the date as 2026-11-22, 2026/11/22, 20261122 or 2026年11月22日"),
    _("there is no such day"),
    _("there are bytes here that are not text in the file's encoding"),
    _("the cell holds more than %(most)s characters"),
    _("file: it is empty"),
    _("file: this is no workbook that can be read: %(why)s"),
    _("file: no row of the first %(rows)s names the columns that the map %(map)s reads; is it the right map?"),
    _("%(field)s: an account number has 8 to 28 digits"),
    _("words: what is counted is not what should be there; say why"),
    _("itself"),
    # what is wrong with a policy table
    _("%(gate)s: the hit policy must be first, not %(policy)s"),
    _("%(gate)s: the last row must catch everything and refer"),
    _("%(gate)s: rows %(rows)s overlap at %(where)s"),
    _("%(gate)s: no row for %(where)s"),
)
_OPEN: Final = re.compile(r"%\((\w+)\)s")


def told(sentence: str) -> str:
    """The sentence in the page's language, as far as it is known."""
    if not chinese():
        return sentence
    for template, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            return gettext(template) % {name: told(fact) if fact.startswith(", ") else fact for name, fact in match.groupdict().items()}
    return sentence


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, _pattern(template)) for template in KNOWN)


def _pattern(template: str) -> re.Pattern[str]:
    """The template with its facts left open; a literal percent sign is written twice in it."""
    pieces = _OPEN.split(template)
    literal = [re.escape(piece.replace("%%", "%")) for piece in pieces[::2]]
    names = [f"(?P<{name}>.*?)" for name in pieces[1::2]]
    return re.compile("".join(part for pair in zip(literal, [*names, ""], strict=True) for part in pair), re.DOTALL)
