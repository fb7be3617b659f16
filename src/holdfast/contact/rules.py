"""May this person be reached now, for this purpose, on this channel? Pure, and it names the rule that decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holdfast.kernel.clock import instant_on
from holdfast.policy import Hours, Pack


@dataclass(frozen=True, slots=True)
class Limits:
    """The pack's rules of contact on one day."""

    quiet: Hours
    sms_hours: Hours
    bound: frozenset[str]
    service_waits: bool
    sms_reminders: int
    sms_collections: int
    all_channels: int
    pauses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A contact that was made today, or a stop that stands: what the rules must know of the person."""

    purpose: str
    channel: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, and the rule that was the last to be asked."""

    rule: str


@dataclass(frozen=True, slots=True)
class Refused:
    """No, by this rule; `earliest` is when to ask again, None if only a person can lift it."""

    rule: str
    sentence: str
    earliest: datetime | None


def limits_of(pack: Pack, on: date, lender_type: str | None) -> Limits:
    """The rules of contact that `pack` has for `on`."""

    def number(key: str) -> int:
        return pack.number(key, on=on, lender_type=lender_type)

    return Limits(
        quiet=pack.hours("contact.quiet_hours", on=on, lender_type=lender_type),
        sms_hours=pack.hours("contact.sms_hours", on=on, lender_type=lender_type),
        bound=frozenset(pack.names("contact.bound_purposes", on=on, lender_type=lender_type)),
        service_waits=pack.flag("contact.service_waits_for_morning", on=on, lender_type=lender_type),
        sms_reminders=number("contact.sms_per_day_reminder"),
        sms_collections=number("contact.sms_per_day_collection"),
        all_channels=number("contact.per_day_all_channels"),
        pauses=frozenset(pack.names("contact.pauses", on=on, lender_type=lender_type)),
    )


def may_contact(
    limits: Limits, made: Sequence[Made], stops: Sequence[str], *, purpose: str, channel: str, moment: datetime, zone: str
) -> Allowed | Refused:
    """Ask every rule in turn: pauses, hours, then the caps of the day.

    `made`: contacts already made with the person today, on any channel. `stops`: reasons that
    stand against this purpose (`opt_out`, `complaint`, `dispute`, `hardship`).
    """
    waits = purpose in limits.bound or (purpose == "service" and limits.service_waits)
    if purpose in limits.bound:
        for stop in stops:
            if stop == "opt_out" or stop in limits.pauses:
                return Refused(f"contact.{stop}", f"this person may not be contacted: {stop.replace('_', ' ')}", None)
    local = moment.astimezone(ZoneInfo(zone))
    if waits:
        if limits.quiet.hold(local.time()):
            return Refused("contact.quiet_hours", "no contact in the quiet hours", _next(local, limits.quiet.end, zone))
        if channel == "sms" and not limits.sms_hours.hold(local.time()):
            return Refused("contact.sms_hours", "messages only in the hours of the pack", _next(local, limits.sms_hours.start, zone))
    if purpose in limits.bound:
        counted = [each for each in made if each.purpose in limits.bound]
        same = sum(each.channel == channel and each.purpose == purpose for each in counted)
        cap = {"reminder": limits.sms_reminders, "collection": limits.sms_collections}.get(purpose)
        tomorrow = _next(local, limits.sms_hours.start, zone, tomorrow=True)
        if channel == "sms" and cap is not None and same >= cap:
            return Refused(f"contact.sms_per_day_{purpose}", f"{same} of {cap} messages today are used", tomorrow)
        if len(counted) >= limits.all_channels:
            return Refused("contact.per_day_all_channels", f"{len(counted)} contacts today are enough", tomorrow)
    return Allowed("contact.sms_hours" if waits and channel == "sms" else "contact.quiet_hours")


def _next(local: datetime, at: time, zone: str, *, tomorrow: bool = False) -> datetime:
    day = local.date()
    if tomorrow or local.time() >= at:
        day += timedelta(days=1)
    return instant_on(day, at, zone)
