"""How money, dates, rates and states are written on a screen.

Chinese and English differ in where the unit stands and how a date reads; every screen writes
them through these filters, so that one amount looks the same everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import stringfilter
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import BILLION
from holdfast.life import DUTIES
from holdfast.servicing.views import DutyRow, InstalmentRow, LoanRow, NextDuty
from holdfast.web.borrower import wording
from holdfast.web.console import sentences, words
from holdfast.web.console.language import chinese

register = template.Library()

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS_ZH = {"CNY": "元", "USD": "美元", "HKD": "港元", "EUR": "欧元", "GBP": "英镑", "SGD": "新加坡元", "JPY": "日元"}


@register.filter
def amount(minor: int | None, currency: str = "CNY") -> str:
    """`1,766.50`: grouped, all decimals, a true minus; a dash where there is no amount."""
    if minor is None:
        return "—"
    whole, point, fraction = decimal_of(abs(minor), currency).partition(".")
    return ("−" if minor < 0 else "") + f"{int(whole):,}" + point + fraction


@register.filter
def weekday_name(number: int) -> str:
    """`周一` or `Mon` for 1."""
    return (_WEEKDAYS_ZH if chinese() else _WEEKDAYS_EN)[number - 1]


@register.filter
def unit(currency: str) -> str:
    """`元` in Chinese, `CNY` in English."""
    return _UNITS_ZH.get(currency, currency) if chinese() else currency


@register.filter
def money(minor: int | None, currency: str = "CNY") -> str:
    """`1,766.50 元` or `CNY 1,766.50`."""
    figure = amount(minor, currency)
    return f"{figure} {unit(currency)}" if chinese() else f"{currency} {figure}"


@register.filter
def count(number: int | None) -> str:
    """`6,893`."""
    return "—" if number is None else f"{number:,}"


@register.filter
def day(on: date | None) -> str:
    """`2026-11-23` or `23 Nov 2026`."""
    if on is None:
        return "—"
    return on.isoformat() if chinese() else f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


@register.filter
def short_day(on: date | None, today: date | None = None) -> str:
    """`11-23` or `23 Nov`; with the year where it is not this year's."""
    if on is None:
        return "—"
    if today is not None and on.year != today.year:
        return day(on)
    return f"{on.month:02d}-{on.day:02d}" if chinese() else f"{on.day} {_MONTHS[on.month - 1]}"


@register.filter
def weekday(on: date) -> str:
    """`周一` or `Mon`."""
    return (_WEEKDAYS_ZH if chinese() else _WEEKDAYS_EN)[on.weekday()]


@register.filter
def clock_time(moment: datetime | None) -> str:
    """`18:00` in the lender's zone."""
    return "—" if moment is None else localtime(moment).strftime("%H:%M")


@register.filter
def moment(at: datetime | None, today: date | None = None) -> str:
    """An instant in the lender's zone: `今天 18:00`, `11-16 10:22`; `16 Nov 10:22`."""
    if at is None:
        return "—"
    local = localtime(at)
    if today is not None and local.date() == today:
        name = gettext("Today")
    elif today is not None and local.date() == today + timedelta(days=1):
        name = gettext("Tomorrow")
    else:
        name = short_day(local.date(), today)
    return f"{name} {local:%H:%M}"


@register.filter
def utc(at: datetime | None) -> str:
    """`2026-11-16 02:26:41`, UTC: how the journal dates its records."""
    return "—" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@register.filter
def percent(ppb: int | None) -> str:
    """Parts per billion as `14.40%`: two decimals, more only where the contract has more."""
    if ppb is None:
        return "—"
    digits = f"{ppb * 100 / BILLION:.7f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}%"


@register.filter
def share(part: int | None, whole: int | None) -> str:
    """`77.9%`; a dash where there is nothing to share."""
    return f"{100 * part / whole:.1f}%" if part is not None and whole else "—"


@register.filter
def left(span: timedelta) -> str:
    """How much time is left: `还剩 3 小时 24 分`, `晚了 2 天`."""
    late = span < timedelta(0)
    minutes = int(abs(span).total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        text = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    elif hours:
        text = gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    else:
        text = gettext("%(minutes)s min") % {"minutes": minutes}
    return (gettext("%(time)s late") if late else gettext("%(time)s left")) % {"time": text}


@register.filter
@stringfilter
def short_hash(digest: str) -> str:
    """`9f3c…e1`: enough of a digest to tell two apart at a glance."""
    return f"{digest[:4]}…{digest[-2:]}" if len(digest) > 8 else digest


@register.filter
def hexed(digest: bytes) -> str:
    """A digest's bytes in hexadecimal."""
    return bytes(digest).hex()


@register.filter
def initial(name: str) -> str:
    """The letter that stands for a person: the first of the last word."""
    return name.rsplit(maxsplit=1)[-1][:1] if name.split() else "?"


@register.filter
def of_language(pair: Any) -> str:
    """The word of a `(zh, en)` pair, or of anything with `zh` and `en`, in the page's language."""
    zh, en = pair if isinstance(pair, tuple) else (pair.zh, pair.en)
    return str(zh if chinese() else en)


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key)


@register.filter
def charges(line: InstalmentRow) -> int:
    """Fees and penalty of an instalment together, in minor units."""
    return line.fee.minor + line.penalty.minor


@register.filter
def pairs(mapping: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """The keys and values of a mapping that a loop in a template goes through."""
    return list(mapping.items())


@register.filter
def bracketed(currency: str) -> str:
    """The unit of a column, as its heading carries it: `（元）`, ` (CNY)`."""
    return f"（{unit(currency)}）" if chinese() else f" ({unit(currency)})"


@register.simple_tag
def colon() -> str:
    """A colon as the language writes it."""
    return "：" if chinese() else ": "


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of the sprite that says nothing of its own."""
    return format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def dot(shape: str) -> SafeString:
    """The shape of a state, alone: for lines that say the word beside it."""
    return format_html('<svg class="dot" aria-hidden="true"><use href="#s-{}"/></svg>', shape)


@register.simple_tag
def state(shape: str, word: str, box: bool = False) -> SafeString:
    """A state: shape and word; colour comes third."""
    mark = "now" if shape not in words.SHAPES else shape
    return format_html(
        '<span class="st {}{}"><svg aria-hidden="true"><use href="#s-{}"/></svg>{}</span>', mark, " box" if box else "", mark, word
    )


@register.simple_tag
def bar(percent_used: int, tone: str, label: str) -> SafeString:
    """How much is used, from 0 to 100, with marks at 50 and 80; sized by SVG attributes."""
    return format_html(
        '<svg class="dbar {}" viewBox="0 0 200 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="tr" x=".5" y="2" width="199" height="6" rx="3"/><rect class="fi" x="0" y="2" width="{}" height="6" rx="3"/>'
        '<path class="tk" d="M100 0v10M160 0v10"/></svg>',
        tone, label, 2 * max(0, min(100, percent_used)),
    )  # fmt: skip


@register.simple_tag
def loan_state(row: LoanRow, box: bool = False) -> SafeString:
    """Where a loan stands: how late it is, if it is; else its state."""
    if row.days_past_due and row.state == "active":
        late = ngettext("%(n)s day past due", "%(n)s days past due", row.days_past_due) % {"n": row.days_past_due}
        return state("late", late, box)
    shape, word = words.LOAN_STATES[row.state]
    return state(shape, str(word), box)


@register.simple_tag
def loan_class(row: LoanRow, box: bool = False) -> SafeString:
    """The five-tier class, where it is worse than pass."""
    if row.loan_class == "pass":
        return SafeString("")
    shape, word = words.CLASSES[row.loan_class]
    return state(shape, str(word), box)


@register.simple_tag
def duty_state(duty: NextDuty, now: datetime) -> SafeString:
    """The next duty of a loan: what it is, and whether its time has passed."""
    name = of_language(DUTIES[duty.kind])
    return state("late" if duty.due_at < now else "now", f"{name} {words.about(duty.kind, duty.about)}".strip())


@register.filter
def duty_name(kind: str) -> str:
    """The name of a kind of duty."""
    return of_language(DUTIES[kind]) if kind in DUTIES else kind


@register.filter
def duty_words(duty: DutyRow) -> str:
    """What a duty is: `到期提醒 第 3 期 T-7`."""
    return f"{of_language(DUTIES[duty.kind])} {words.about(duty.kind, duty.about)}".strip()


@register.simple_tag
def coded(table: str, code: str, box: bool = False) -> SafeString:
    """A code of one of the tables of states in `words`, as shape and word."""
    shape, word = getattr(words, table).get(code, ("info", code))
    return state(shape, str(word), box)


@register.simple_tag
def application_state(code: str, box: bool = False) -> SafeString:
    """Where an application's file stands."""
    shape, word = wording.STATES.get(code, ("info", code))
    return state(shape, str(word), box)


@register.filter
def told(sentence: str) -> str:
    """A sentence of a verb or a tape in the page's language."""
    return sentences.told(sentence)


@register.filter
def record_words(kind: str) -> str:
    """What a kind of journal record is called."""
    return words.record(kind)


@register.filter
def named(code: str, table: str) -> str:
    """The word of a code in one of the tables of `words`."""
    return words.word(getattr(words, table), code)
