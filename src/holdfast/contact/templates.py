"""What a message says, in the borrower's language, and how many segments it takes.

The texts here ship with the program and are version 0 of each; what a lender has agreed to in their place comes from `texts`.

Amounts in words of the currency (元, never a sign that carriers refuse); nothing that is not
masked; the lender's signature 【】 in front, as carriers require.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from holdfast.kernel.errors import BadInput, Fault
from holdfast.kernel.money import decimal_of

ONE_SEGMENT: Final = 70
LONG_SEGMENT: Final = 67
# A run of digits this long is a phone, card or identity number that somebody forgot to mask.
_UNMASKED: Final = re.compile(r"[0-9]{11,}")
# Where a value stands in a wording.
FIELD: Final = re.compile(r"\{([^{}]*)\}")
_SIGNS: Final = re.compile(r"[¥￥$€£]")
_CURRENCY_ZH: Final = {"CNY": "元", "HKD": "港元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "SGD": "新加坡元", "JPY": "日元"}
_WEEKDAYS_ZH: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What each template needs, and its words in each language.
TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "reminder": {
        "zh-hans": "您尾号 {contract} 的合同，第 {n} 期 {amount}，{due_on}到期。已还请忽略。",
        "en": "Contract ending {contract}: instalment {n} of {amount} is due on {due_on}. If you have paid, please ignore this.",
    },
    "overdue": {
        "zh-hans": "您尾号 {contract} 的合同，第 {n} 期还差 {amount}，晚了 {days} 天。还不上？可申请延期或分期。",
        "en": "Contract ending {contract}, instalment {n}: {amount} to pay, {days} late. Cannot pay? Ask for more time.",
    },
    "receipt": {
        "zh-hans": "已收到您 {paid_on}还款 {amount}，合同尾号 {contract}。剩余本金 {principal_out}。",
        "en": "We received {amount} on {paid_on} for the contract ending {contract}. Principal left: {principal_out}.",
    },
    "settlement": {
        "zh-hans": "您尾号 {contract} 的合同已于 {paid_on}结清。结清证明和押品归还，最迟 {by}办好。",
        "en": "Contract ending {contract}: paid off on {paid_on}. You have your certificate and what you pledged by {by}.",
    },
    "application_received": {
        "zh-hans": "已收到您的借款申请，编号尾号 {contract}。我们最迟 {by}打电话给您核对，不收任何费用。",
        "en": "We have your application ending {contract}. We call you by {by} to check it with you. Applying costs nothing.",
    },
    "application_returned": {
        "zh-hans": "您尾号 {contract} 的借款申请还缺资料。请用本机号码登录申请页，补上后再提交。",
        "en": "Your application ending {contract} still needs something. Log in with this number, add it and hand it in again.",
    },
    "application_withdrawn": {
        "zh-hans": "您尾号 {contract} 的借款申请已撤回，没有产生费用。若不是您撤回的，请马上联系我们。",
        "en": "Your application ending {contract} is withdrawn. Nothing was charged. If it was not you, tell us at once.",
    },
    "programme_given": {
        "zh-hans": "您尾号 {contract} 的合同已按纾困计划延后还款。第 {n} 期改为 {due_on}到期，多付利息 {extra}。不需要您办理任何手续。",
        "en": "Contract ending {contract} has more time under our hardship programme. Instalment {n}: now due "
        "{due_on}; extra interest {extra}.",
    },
    "programme_taken_back": {
        "zh-hans": "您尾号 {contract} 的合同，纾困计划的延后已撤回，第 {n} 期 {due_on}到期。如有困难，请联系我们申请展期。",
        "en": "The extra time on contract ending {contract} is taken back: instalment {n} is due on {due_on}. "
        "Please ask us if you need more.",
    },
    "deferral_agreed": {
        "zh-hans": "您尾号 {contract} 的合同已同意展期。第 {n} 期改为 {due_on}到期，多付利息 {extra}。原计划仍可在借款页查看。",
        "en": "Contract ending {contract}: more time is agreed. Instalment {n} is now due on {due_on}; the extra interest is {extra}.",
    },
    "deferral_refused": {
        "zh-hans": "您尾号 {contract} 的合同，展期申请没有获批，还款日不变。可来电了解原因。",
        "en": "Contract ending {contract}: your request for more time was not agreed. Due dates stay as they are. Call us to hear why.",
    },
    "terms_offered": {
        "zh-hans": "您尾号 {contract} 的合同，新的还款安排已备好。请在借款页查看前后对比，同意的话用验证码确认；不确认则一切照旧。",
        "en": "Contract ending {contract}: new terms are ready. See them beside the old ones on your loan page, and agree with a code if"
        " you want them. If you do not, nothing changes.",
    },
    "settlement_offered": {
        "zh-hans": "您尾号 {contract} 的合同，协商结清方案已获批：共还 {total}，其余免除。"
        "请在 {by}或之前到借款页查看，同意的话用验证码确认。",
        "en": "Contract ending {contract}: a settlement is ready. You pay {total} in all and the rest is forgiven. See it on your loan page"
        " and agree with a code by {by}.",
    },
    "settlement_kept": {
        "zh-hans": "您尾号 {contract} 的合同，约定的 {total} 已收齐，其余欠款已免除，借款结清。有押品的，我们会联系您归还。",
        "en": "Contract ending {contract}: all of {total} has come in. The rest is forgiven and the loan is settled. If you"
        " pledged something, we will be in touch to give it back.",
    },
    "terms_agreed": {
        "zh-hans": "您尾号 {contract} 的合同，新还款安排已生效。下一期第 {n} 期 {due_on}到期，应还 {due}；往后共还 {total}。",
        "en": "Contract ending {contract}: the new terms hold. Next is instalment {n} on {due_on}: {due}; in all {total} is left to pay.",
    },
    "terms_refused": {
        "zh-hans": "您尾号 {contract} 的合同，变更还款安排没有获批，还款计划不变。可来电了解原因。",
        "en": "Contract ending {contract}: other terms were not agreed. Your plan stays as it is. Call us to hear why.",
    },
    "release": {
        "zh-hans": "您尾号 {contract} 的合同已于 {paid_on}结清，不欠任何钱。请带身份证原件到{place}取回押品，{days} {hours}，"
        "最迟 {by}备好。当面核对封签再签收，归还不收费，勿把验证码告诉他人。咨询 {contact}。",
        "en": "Contract ending {contract}: paid off on {paid_on}. Bring your ID to {place} for your thing, {days} {hours}, by {by}."
        " Check the seal, then sign. It is free; share no code. Call {contact}.",
    },
    "release_none": {
        "zh-hans": "您尾号 {contract} 的合同已于 {paid_on}结清，不欠任何钱，也没有押品要取。"
        "结清证明最迟 {by}开好，可在您的页面下载。咨询 {contact}。",
        "en": "Contract ending {contract}: paid off on {paid_on}, nothing is owed and nothing is left to fetch."
        " Your certificate is on your page by {by}. Questions: {contact}.",
    },
    "released": {
        "zh-hans": "您尾号 {contract} 的合同，押品已于 {on}当面交还。结清证明在您的页面。若非本人领取，请马上联系 {contact}。",
        "en": "Contract ending {contract}: your thing was handed back on {on}. The certificate is on your page."
        " If it was not you, contact {contact} at once.",
    },
    "default_notice": {
        "zh-hans": "您尾号 {contract} 的合同晚了 {days_late} 天，到期未付 {amount}。请在 {by}前付清，或申请展期；"
        "否则押品将估值出售，多出的钱退还给您。通知书在您的页面。咨询 {contact}。",
        "en": "Contract ending {contract}: {days_late} late, {amount} to pay. Pay before {by} or ask for more time;"
        " else the thing is sold and the rest is yours. The notice is on your page. Call {contact}.",
    },
    "disposal_statement": {
        "zh-hans": "您尾号 {contract} 的合同，押品已售出，处置清算书在您的页面。多出的钱会退还给您。有疑问请联系 {contact}。",
        "en": "Contract ending {contract}: the thing was sold; the statement is on your page. What is left over goes back to you."
        " Questions: {contact}.",
    },
    "contract_offer": {
        "zh-hans": "您尾号 {contract} 的借款合同已备好，请最迟 {by}在借款页面阅读、签署。签署前请看清成本明示表。",
        "en": "Your loan contract ending {contract} is ready. Please read it on your loan page and sign it by {by}."
        " Read the cost statement first.",
    },
    "contract_sealed": {
        "zh-hans": "您尾号 {contract} 的借款合同双方均已签署，可在借款页面查看、下载您的副本。",
        "en": "Your loan contract ending {contract} is signed by both sides. Your copy is on your loan page, to read and to keep.",
    },
    "inbound_waits": {
        "zh-hans": "您查询的{asked}，请用本机号码登录借款页面查看，昼夜都可查。短信号码不能证明身份，这里不写金额，也不发链接。",
        "en": "Your {asked}: log in to your loan page with this number, at any hour. A text proves nobody's identity, so no figure"
        " and no link is sent.",
    },
    "inbound_help": {
        "zh-hans": "可回复：余额、还款计划、结清、解押、退订。其他问题直接写，由人工回复。金额只在登录借款页面后显示。",
        "en": "Write: balance, plan, pay-off, release, stop. Write anything else and a person answers. Figures are shown on your loan"
        " page after a log-in.",
    },
    "inbound_stopped": {
        "zh-hans": "已不再向您发送提醒、催收和推广短信。应还款项不变，可随时登录借款页面查看。",
        "en": "You will have no more reminders, collection or news by text. What you owe stays as it is; see your loan page.",
    },
    "inbound_ticket": {
        "zh-hans": "已收到您的留言，最迟 {by}由工作人员答复，答复在借款页面。",
        "en": "We have your message. A person answers it by {by} at the latest, on your loan page.",
    },
    "inbound_answered": {
        "zh-hans": "您的留言已有答复，请用本机号码登录借款页面查看。",
        "en": "Your message is answered: log in to your loan page with this number to read it.",
    },
    "complaint_taken": {
        "zh-hans": "您尾号 {contract} 的合同，投诉已受理，编号尾号 {no}。我们最迟 {by}书面答复，答复前暂停催收。",
        "en": "Contract ending {contract}: your complaint {no} is with us. You have our written answer by {by}; until then"
        " nobody collects.",
    },
    "complaint_extended": {
        "zh-hans": "您尾号 {contract} 的合同，投诉 {no} 还需核查，最迟 {by}书面答复，原因在您的页面。",
        "en": "Contract ending {contract}: your complaint {no} needs more looking into. You have our answer by {by}; why is on your page.",
    },
    "complaint_answered": {
        "zh-hans": "您尾号 {contract} 的合同，投诉 {no} 已书面答复，请在您的页面查看。不认可可在页面申请复核。",
        "en": "Contract ending {contract}: your complaint {no} is answered; read it on your page. If you do not accept it, say so there.",
    },
    "visit_planned": {
        "zh-hans": "您尾号 {contract} 的合同，我们两位工作人员拟于 {on} {at} 上门与您面谈，会出示工作证。改期或不便请联系我们。",
        "en": "Contract ending {contract}: two of our staff would like to see you on {on} at {at}. They show their badges."
        " Tell us if another time suits you.",
    },
    "visit_cancelled": {
        "zh-hans": "您尾号 {contract} 的合同，原定 {on}的上门面谈已取消。",
        "en": "Contract ending {contract}: our visit planned for {on} will not take place.",
    },
    "code": {
        "zh-hans": "验证码 {code}，5 分钟内有效，用于{what}。我们不会向您索要，请勿告诉任何人。",
        "en": "Your code to {what}: {code}, good for 5 minutes. We never ask you for it; tell nobody.",
    },
    "code_spoken": {
        "zh-hans": "验证码 {code}，5 分钟内有效，用于{what}。只告诉正在为您办理的工作人员，不要告诉别人。",
        "en": "Your code to {what}: {code}, good for 5 minutes. Say it only to the person who is serving you now, to nobody else.",
    },
}
# Codes that the borrower says to us: in the call that we made, at our counter. All others are typed and told to nobody.
SPOKEN: Final = frozenset({"confirm", "collect", "consent"})
# What typing a code does, in the words of the message that carries it.
CODE_PURPOSES: Final[Mapping[str, Mapping[str, str]]] = {
    "login": {"zh-hans": "登录", "en": "log in"},
    "consent": {"zh-hans": "同意柜台刚念给您的各项授权", "en": "agree to what was just read to you at the counter"},
    "confirm": {"zh-hans": "确认通话中核对的借款内容", "en": "confirm the loan as read to you on the phone"},
    "sign": {"zh-hans": "签署借款合同", "en": "sign the loan contract"},
    "collect": {"zh-hans": "领取押品", "en": "collect what you pledged"},
    "phone": {"zh-hans": "更换手机号", "en": "change your phone number"},
    "restructuring": {"zh-hans": "同意新的还款安排", "en": "agree to the new terms"},
    "settlement": {"zh-hans": "同意协商结清", "en": "agree to the settlement"},
    "mandate": {"zh-hans": "授权自动扣款", "en": "allow collecting from your account"},
}


# What a borrower asked for in one word, in the words of the answer.
ASKED: Final[Mapping[str, Mapping[str, str]]] = {
    "balance": {"zh-hans": "余额", "en": "balance"},
    "plan": {"zh-hans": "还款计划", "en": "plan"},
    "payoff": {"zh-hans": "结清金额", "en": "pay-off figure"},
    "release": {"zh-hans": "解押事项", "en": "release"},
}


# A value of each name, as long as they usually are: for counting segments and for the preview of a text.
SAMPLES: Final[Mapping[str, Any]] = {
    "contract": "0042", "n": 3, "amount": {"minor": 176_650, "currency": "CNY"}, "due_on": "2026-11-25", "paid_on": "2026-11-23",
    "principal_out": {"minor": 1_250_000, "currency": "CNY"}, "by": "2026-11-26", "on": "2026-11-23", "at": "10:00", "days": "1-6",
    "days_late": 31, "extra": {"minor": 12_300, "currency": "CNY"}, "due": {"minor": 176_650, "currency": "CNY"},
    "total": {"minor": 2_345_600, "currency": "CNY"}, "place": "示例营业部", "hours": "09:00-18:00", "contact": "400-000",
    "asked": "balance", "no": "a1b2c3", "code": "482913", "what": "sign",
}  # fmt: skip
# The overdue text counts days where the others name weekdays.
_SAMPLES_OF: Final[Mapping[str, Mapping[str, Any]]] = {"overdue": {"days": 8}}


def samples_of(template: str) -> Mapping[str, Any]:
    """A value for each name that a message may say."""
    return {**SAMPLES, **_SAMPLES_OF.get(template, {})}


def names_in(words: str) -> frozenset[str]:
    """The names of the values that a wording says."""
    return frozenset(FIELD.findall(words))


def tongue_of(language: str) -> str:
    """The language of the texts that a person of this language reads: `zh-hans` or `en`."""
    return "en" if language.startswith("en") else "zh-hans"


def text_of(template: str, params: Mapping[str, Any], *, language: str, signature: str | None, words: str | None = None) -> str:
    """The message as the borrower will read it, in the shipped words or in those that are given.

    BadInput for a template or a value that is missing; Fault if the text would show a whole number
    that identifies somebody, or a currency sign.
    """
    tongue = tongue_of(language)
    if template not in TEMPLATES:
        raise BadInput(f"template: there is no message called {template!r}", field="template")
    words, write = words or TEMPLATES[template][tongue], _WRITERS[tongue]
    try:
        text = words.format_map({name: write(name, value) for name, value in params.items()})
    except KeyError as error:
        raise BadInput(f"params: the message {template} needs {error.args[0]!r}", field=f"params.{error.args[0]}") from None
    if _UNMASKED.search(text) or _SIGNS.search(text):
        raise Fault(f"the message {template} would show an unmasked number or a currency sign", code="message_unmasked")
    return f"【{signature}】{text}" if signature else text


def segments(text: str) -> int:
    """How many short messages it is sent as: 70 characters in one, else 67 in each. Signature included."""
    return len(parts_of(text))


def parts_of(text: str) -> list[str]:
    """The short messages it is sent as. A character that takes two units is never cut."""
    if _units(text) <= ONE_SEGMENT:
        return [text]
    parts, begun, room = [], 0, LONG_SEGMENT
    for at, character in enumerate(text):
        width = _units(character)
        if width > room:
            parts.append(text[begun:at])
            begun, room = at, LONG_SEGMENT
        room -= width
    return [*parts, text[begun:]]


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _write_zh(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"{_grouped(value['minor'], value['currency'])} {_CURRENCY_ZH[value['currency']]}"
    if name == "what":
        return CODE_PURPOSES[value]["zh-hans"]
    if name == "asked":
        return ASKED[value]["zh-hans"]
    if name == "days" and isinstance(value, str):
        return _span(value, _WEEKDAYS_ZH, "至")
    return _day_zh(value) if name in _DATES else str(value)


def _write_en(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['currency']} {_grouped(value['minor'], value['currency'])}"
    if name == "what":
        return CODE_PURPOSES[value]["en"]
    if name == "asked":
        return ASKED[value]["en"]
    if name == "days" and isinstance(value, str):
        return _span(value, _WEEKDAYS_EN, "-")
    if name in ("days", "days_late"):
        return f"{value} day" if value == 1 else f"{value} days"
    return _day_en(value) if name in _DATES else str(value)


def _span(days: str, names: tuple[str, ...], to: str) -> str:
    """`1-6` as Monday to Saturday; `3-3` as one day."""
    first, last = (int(day) for day in days.split("-"))
    return names[first - 1] if first == last else f"{names[first - 1]}{to}{names[last - 1]}"


def _grouped(minor: int, currency: str) -> str:
    whole, point, decimals = decimal_of(minor, currency).partition(".")
    return f"{int(whole):,}{point}{decimals}"


# A night says few dates many times.
@lru_cache(maxsize=512)
def _day_zh(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.month} 月 {day.day} 日"


@lru_cache(maxsize=512)
def _day_en(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_DATES: Final = frozenset({"due_on", "paid_on", "by", "on"})
_WRITERS: Final[Mapping[str, Callable[[str, Any], str]]] = {"zh-hans": _write_zh, "en": _write_en}


def samples_in_words(template: str, language: str) -> Mapping[str, str]:
    """Each value that a message may say, as it would be written in that language."""
    tongue = tongue_of(language)
    said = names_in(TEMPLATES[template][tongue])
    return {name: _WRITERS[tongue](name, value) for name, value in samples_of(template).items() if name in said}
