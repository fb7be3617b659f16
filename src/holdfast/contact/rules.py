"""May we contact this person now, for this purpose, over this channel?

Pure: the answer follows from the pack, what was done today, and the pauses in force. Hours and
caps bind reminders, collection and marketing, and the caps on calls every call that we begin; a
code that the person asked for always goes.
Reminders before the due date count in the same daily budget as everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from holdfast.kernel.clock import instant_on
from holdfast.policy import Hours, Pack, next_day_without, rest_days

PURPOSES: Final = ("code", "answer", "service", "reminder", "collection", "marketing")
CHANNELS: Final = ("sms", "voice", "push", "mail", "visit")
# What a pause binds unless it says otherwise: never codes, never the service messages that a person needs.
STOPPED_PURPOSES: Final = frozenset({"reminder", "collection", "marketing"})
# What a contact can have come to; all but `refused` used up a part of the day's budget.
REFUSED: Final = "refused"
REACHED: Final = "reached"
NOT_REACHED: Final = "not_reached"
# Rules that forbid the contact whatever its channel.
FORBIDS_ALL: Final = frozenset({"contact.opt_out", "contact.pauses", "contact.right_party"})
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Made:
    """A contact with the person, or one that a rule refused, on a business date."""

    on_date: date
    purpose: str
    channel: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A pause: `opt_out`, `complaint`, `dispute` or `hardship`, for some purposes; `until` is its last day, None for open.

    `by_staff` and `because` say who set it and why, where a person did.
    """

    reason: str
    purposes: frozenset[str]
    since: date
    until: date | None
    by_staff: int | None = None
    because: str = ""

    def holds(self, purpose: str, on: date) -> bool:
        """Whether it binds that purpose on that day."""
        return purpose in self.purposes and self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, and the rule that was the last to be asked."""

    rule: str


@dataclass(frozen=True, slots=True)
class Refused:
    """No: by which rule, why in words, and from when it could be yes (None: not before somebody acts)."""

    rule: str
    sentence: str
    earliest: datetime | None


def may_contact(
    pack: Pack, *, history: Sequence[Made], stops: Sequence[Stop], purpose: str, channel: str, moment: datetime, zone: str,
    target: str = "borrower", consented: bool = False, lender_type: str | None = None, region: str | None = None,
) -> Allowed | Refused:  # fmt: skip
    """Ask every rule; the first no is the answer.

    `moment` is an instant, `zone` the person's own; `history` is what was made with that person, of any
    day (other days do not count); `consented` is a yes to marketing; `region` picks the calendar.
    """
    local = moment.astimezone(ZoneInfo(zone))
    on = local.date()
    ask = _Question(pack, purpose, channel, on, lender_type, zone, region)
    return (
        ask.right_party(target)
        or ask.not_stopped(stops)
        or ask.not_resting()
        or ask.consented(consented)
        or ask.within_hours(local)
        or ask.within_caps([made for made in history if made.on_date == on and made.outcome != REFUSED])
        or Allowed(ask.last_asked)
    )


@dataclass(frozen=True, slots=True)
class _Question:
    pack: Pack
    purpose: str
    channel: str
    on: date
    lender_type: str | None
    zone: str
    region: str | None = None

    @property
    def bound(self) -> bool:
        """Whether hours and caps bind this purpose."""
        return self.purpose in self.pack.names("contact.bound_purposes", on=self.on, lender_type=self.lender_type)

    @property
    def capped(self) -> bool:
        """Whether a day's number of calls binds it: a telephone that rings is a burden whatever it rings for."""
        if self.bound:
            return True
        if self.channel != "voice":
            return False
        return self.purpose in self.pack.names("contact.voice_caps_bind", on=self.on, lender_type=self.lender_type)

    @property
    def last_asked(self) -> str:
        """The rule that was the last to be asked."""
        if self.bound:
            return "contact.per_day_all_channels"
        return "contact.voice_attempts_per_day" if self.capped else f"contact.purpose.{self.purpose}"

    def right_party(self, target: str) -> Refused | None:
        key = "contact.right_party"
        if target in self.pack.names(key, on=self.on, lender_type=self.lender_type):
            return None
        return Refused(key, f"only the borrower or a guarantor is told of the debt, not: {target}", None)

    def not_stopped(self, stops: Sequence[Stop]) -> Refused | None:
        for stop in stops:
            if stop.holds(self.purpose, self.on):
                rule = "contact.opt_out" if stop.reason == "opt_out" else "contact.pauses"
                until = f"until {stop.until}" if stop.until else "until it is lifted"
                return Refused(
                    rule, f"{_STOPPED[stop.reason]}; no {self.purpose} {until}", self._morning(stop.until + _DAY) if stop.until else None
                )
        return None

    def not_resting(self) -> Refused | None:
        """Nobody is collected from on the kinds of day that the pack names."""
        if self.purpose != "collection":
            return None
        kinds = rest_days(self.pack, on=self.on, lender_type=self.lender_type)
        day = next_day_without(kinds, self.on, self.region, step=_DAY)
        if day == self.on:
            return None
        return Refused("contact.rest_days", f"nobody is collected from today; from {day} on", self._morning(day))

    def consented(self, consented: bool) -> Refused | None:
        key = "contact.marketing_needs_consent"
        if self.purpose != "marketing" or consented or not self.pack.flag(key, on=self.on, lender_type=self.lender_type):
            return None
        return Refused(key, "the person has not agreed to marketing, and silence is no", None)

    def within_hours(self, local: datetime) -> Refused | None:
        waits = self.purpose == "service" and self.pack.flag("contact.service_waits_for_morning", on=self.on, lender_type=self.lender_type)
        quiet = self._hours("contact.quiet_hours")
        if (self.bound or waits) and quiet.hold(local.time()):
            rule = "contact.quiet_hours" if self.bound else "contact.service_waits_for_morning"
            return Refused(rule, f"quiet hours from {quiet.start:%H:%M} to {quiet.end:%H:%M}", self._next(local, quiet))
        open_hours = self._hours("contact.sms_hours")
        if self.bound and self.channel == "sms" and not open_hours.hold(local.time()):
            day = self.on if local.time() < open_hours.start else self.on + _DAY
            sentence = f"text messages go out from {open_hours.start:%H:%M} to {open_hours.end:%H:%M}"
            return Refused("contact.sms_hours", sentence, max(instant_on(day, open_hours.start, self.zone), self._morning(day)))
        return None

    def within_caps(self, today: Sequence[Made]) -> Refused | None:
        if not self.capped:
            return None
        counted = [made for made in today if made.purpose != "code"]
        for rule, cap, used in self._caps(counted):
            if used >= cap:
                return Refused(rule, f"{used} of {cap} made today ({_COUNTED[rule]})", self._morning(self.on + _DAY))
        return None

    def _caps(self, today: Sequence[Made]) -> list[tuple[str, int, int]]:
        """Each cap that binds this contact: its rule, how many a day, how many were made."""
        here = [made for made in today if made.channel == self.channel]
        caps = []
        if self.channel == "sms":
            caps.append((f"contact.sms_per_day_{self.purpose}", sum(made.purpose == self.purpose for made in here)))
        elif self.channel == "voice":
            caps.append(("contact.voice_effective_per_day", sum(made.outcome == REACHED for made in here)))
            caps.append(("contact.voice_attempts_per_day", len(here)))
        elif self.channel == "push":
            caps.append(("contact.push_per_day", len(here)))
        if self.bound:
            caps.append(("contact.per_day_all_channels", len(today)))
        return [(rule, self.pack.number(rule, on=self.on, lender_type=self.lender_type), used) for rule, used in caps]

    def _hours(self, key: str) -> Hours:
        return self.pack.hours(key, on=self.on, lender_type=self.lender_type)

    def _morning(self, day: date) -> datetime:
        return instant_on(day, self._hours("contact.quiet_hours").end, self.zone)

    def _next(self, local: datetime, quiet: Hours) -> datetime:
        """When the quiet hours that hold now come to an end."""
        return instant_on(self.on if local.time() < quiet.end else self.on + _DAY, quiet.end, self.zone)


_STOPPED: Final = {
    "opt_out": "the person asked not to be contacted",
    "complaint": "a complaint is open",
    "dispute": "the debt is disputed",
    "hardship": "a hardship request is open",
}
_COUNTED: Final = {
    "contact.sms_per_day_reminder": "reminders by text message",
    "contact.sms_per_day_collection": "collection text messages",
    "contact.sms_per_day_marketing": "marketing text messages",
    "contact.voice_effective_per_day": "calls that reached the person",
    "contact.voice_attempts_per_day": "calls",
    "contact.push_per_day": "notices on the phone",
    "contact.per_day_all_channels": "all channels together",
}
