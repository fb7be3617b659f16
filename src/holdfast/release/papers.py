"""The papers of a release and of a disposal: certificate, application, hand-back receipt, notice, statement.

Each is set from facts by the press and sealed by the notary. The borrower's full name stands on paper only;
the PDF lies sealed under the borrower's own key, and the journal names it by its digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import segno

from holdfast import files, servicing
from holdfast.duties import Case
from holdfast.files import File
from holdfast.files.ports import Notary, Press
from holdfast.journal import newest_head, signing_key
from holdfast.kernel.capitals import in_capitals
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound
from holdfast.kernel.money import Money
from holdfast.kernel.places import keys_folder
from holdfast.parties import Staff, box_of, masks, party_by_id, reveal
from holdfast.release import store
from holdfast.release.model import Disposal, Release, Thing
from holdfast.release.store import Db

_TEMPLATES: Final = Path(__file__).resolve().parent / "documents"
# What the papers of this stage are called among a loan's files.
PURPOSES: Final = frozenset({"settlement_certificate", "release_application", "hand_back_receipt", "default_notice", "disposal_statement"})
_PARTS: Final = {"principal": "本金", "interest": "利息", "fee": "费用", "penalty": "罚息"}
_THINGS: Final = {
    Thing.IN_CUSTODY: "由本机构保管，凭本人身份证件领取",
    Thing.OUTSIDE: "由本机构保管（接管前入库，未登记封签），凭本人身份证件领取",
    Thing.NONE: "本笔借款无押品",
    Thing.COMPENSATED: "押品保管期间灭失，已依法赔偿，无需归还",
    Thing.DISPOSED: "押品已依约处置，处置清算书另附，无需归还",
    Thing.RETURNED: "押品已于还款期间归还，无需再领取",
}


# What is asked for and declared: a thing that is not here any more is not asked back.
_ENDED: Final = "因主债权已经清偿，担保物权随之消灭（《民法典》第三百九十三条）"
_ASKS: Final = {
    Thing.COMPENSATED: f"{_ENDED}。押品在保管期间灭失，赔偿金已付清，现申请解除担保登记。",
    Thing.DISPOSED: f"{_ENDED}。押品已依约处置，价款已清算，现申请解除担保登记。",
    Thing.RETURNED: f"{_ENDED}。押品已于还款期间交还，现申请解除担保登记。",
    Thing.NONE: f"{_ENDED}。本笔借款无押品，现申请确认担保关系终止。",
}
_ASKS_BACK: Final = f"{_ENDED}，现申请解除下列押品的担保并返还押品。"
_DECLARES_BACK: Final = "归还押品不收取任何费用。归还前由两名与本笔借款经办无关的人员复核，当面核对封签与机身串号后交还。"
_DECLARES: Final = "办理解除不收取任何费用，由两名与本笔借款经办无关的人员复核。"


@dataclass(frozen=True, slots=True)
class Certified:
    """The two papers of a release."""

    certificate: File
    application: File


def proof_address(site: str, release: Release) -> str:
    """Where the proof page of a release is found."""
    return f"{site.rstrip('/')}/proof/{release.token}"


def certify(db: Db, *, clock: Clock, by: Staff, case: Case, release: Release, press: Press, notary: Notary, site: str) -> Certified:
    """Make the settlement certificate and the release application, sealed by the lender."""
    reckoning = servicing.reckon(db, loan=case.loan.public_id)
    head = _heading(db, clock=clock, by=by, case=case, why="结清证明与解除申请书")
    settled = _settled(reckoning)
    facts = {
        **head,
        **settled,
        "number": f"JQ-{release.public_id[3:].upper()}",
        "thing": _THINGS[release.thing],
        "asks": _ASKS.get(release.thing, _ASKS_BACK),
        "declares": _DECLARES if release.thing in _ASKS else _DECLARES_BACK,
        "returns": release.thing not in _ASKS,
        "counter": _counter(db, case),
        "way": _collected(release),
        "proof": proof_address(site, release),
        "qr": qr(proof_address(site, release)),
        "key": _key(db),
        "opened_on": _day(release.opened_on),
    }
    made = {}
    for name, purpose, file_name in (
        ("settlement", "settlement_certificate", "结清证明"),
        ("application", "release_application", "抵押物解除申请书"),
    ):
        made[name] = keep(
            db, clock=clock, case=case, press=press, notary=notary, template=name, facts=facts, purpose=purpose,
            name=f"{file_name}-{case.loan.contract_no}.pdf", reason=file_name,
        )  # fmt: skip
    return Certified(made["settlement"], made["application"])


def handed_back(
    db: Db, *, clock: Clock, case: Case, release: Release, custodian: Staff, witness: Staff, seen: Mapping[str, Any],
    press: Press, notary: Notary, site: str,
) -> File:  # fmt: skip
    """The receipt of the thing that has gone over the counter."""
    facts = {
        **_masked_heading(db, clock=clock, case=case),
        "number": f"GH-{release.public_id[3:].upper()}",
        "collector": release.collector,
        "way": _collected(release),
        "custodian": custodian.name,
        "witness": witness.name,
        "seen": [[_SEEN.get(name, name), _shown(value)] for name, value in seen.items()],
        "handed_at": _moment(clock.now(), case.lender.zone),
        "proof": proof_address(site, release),
        "qr": qr(proof_address(site, release)),
    }
    return keep(
        db, clock=clock, case=case, press=press, notary=notary, template="hand_back", facts=facts, purpose="hand_back_receipt",
        name=f"押品归还单-{case.loan.contract_no}.pdf", reason="押品归还单",
    )  # fmt: skip


_SEEN: Final = {"seal_no": "封签号（当面核对）", "imei": "IMEI（末四位，当面核对）", "words": "交还内容"}


def notice_of_default(
    db: Db, *, clock: Clock, by: Staff, case: Case, days_past_due: int, owed: Mapping[str, int], arrears: int, sale_from: date,
    press: Press, notary: Notary,
) -> File:  # fmt: skip
    """The notice: what is late, until when it can be paid, and what happens otherwise."""
    currency = case.loan.currency
    facts = {
        **_heading(db, clock=clock, by=by, case=case, why="违约通知"),
        "number": f"WY-{case.loan.contract_no}",
        "days_past_due": days_past_due,
        "arrears": _money(arrears, currency),
        "owed": _parts(owed, currency),
        "owed_total": _money(sum(owed.values()), currency),
        "sale_from": _day(sale_from),
        "counter": _counter(db, case),
    }
    return keep(
        db, clock=clock, case=case, press=press, notary=notary, template="default_notice", facts=facts, purpose="default_notice",
        name=f"违约通知-{case.loan.contract_no}.pdf", reason="违约通知",
    )  # fmt: skip


def statement(
    db: Db, *, clock: Clock, by: Staff, case: Case, disposal: Disposal, shares: Mapping[str, int], press: Press, notary: Notary
) -> File:
    """The deduction statement: what the sale brought, what it cost, what it paid, and what goes back."""
    currency = disposal.currency
    facts = {
        **_heading(db, clock=clock, by=by, case=case, why="处置清算书"),
        "number": f"QS-{disposal.public_id[3:].upper()}",
        "noticed_on": _day(disposal.noticed_on),
        "sale_from": _day(disposal.sale_from),
        "sold_on": _day(disposal.sold_on) if disposal.sold_on else "",
        "buyer": disposal.buyer,
        "valued": _money(disposal.valued_at or 0, currency),
        "price": _money(disposal.price or 0, currency),
        "price_capital": in_capitals(Money(disposal.price or 0, currency)),
        "costs": [[name, _money(minor, currency)] for name, minor in disposal.costs.items()],
        "costs_total": _money(sum(disposal.costs.values()), currency),
        "net": _money(disposal.net, currency),
        "debt": [[_PARTS[part], _money(minor, currency), _money(shares[part], currency)] for part, minor in disposal.debt.items() if minor],
        "debt_total": _money(disposal.owed_before or 0, currency),
        "paid_total": _money(sum(shares.values()), currency),
        "surplus": _money(disposal.surplus, currency),
        "surplus_capital": in_capitals(Money(disposal.surplus, currency)) if disposal.surplus else "",
        "deficit": _money(disposal.deficit, currency),
        "has_surplus": disposal.surplus > 0,
        "has_deficit": disposal.deficit > 0,
    }
    return keep(
        db, clock=clock, case=case, press=press, notary=notary, template="statement", facts=facts, purpose="disposal_statement",
        name=f"处置清算书-{case.loan.contract_no}.pdf", reason="处置清算书",
    )  # fmt: skip


def keep(
    db: Db, *, clock: Clock, case: Case, press: Press, notary: Notary, template: str, facts: Mapping[str, Any], purpose: str,
    name: str, reason: str,
) -> File:  # fmt: skip
    """Set, seal and keep one paper under the borrower's key, tied to the loan."""
    pdf = press.typeset(_TEMPLATES / f"{template}.typ", facts, at=clock.now())
    signed = notary.seal(pdf, organisation=case.lender.name or "Holdfast", reason=f"{reason} {case.loan.contract_no}", at=clock.now())
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    box = box_of(db, party) if party else None
    file = files.put(db, signed.pdf, clock=clock, name=name, box=box, party_id=party.party_id if party else None)
    files.link(db, loan_id=case.loan.loan_id, file=file, purpose=purpose)
    return file


def qr(text: str) -> str:
    """A QR code as SVG, with the margin that readers need."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, border=4, scale=4, nl=False)
    return out.getvalue().decode()


def read(db: Db, loan_id: int, public_id: str) -> tuple[File, bytes]:
    """A paper of the loan, opened; NotFound for a file that does not belong to it or is no paper of this stage."""
    file = next((file for file, purpose in files.of_loan(db, loan_id) if file.public_id == public_id and purpose in PURPOSES), None)
    if file is None:
        raise NotFound(f"this loan has no paper {public_id}", code="no_file", field="file")
    party = party_by_id(db, file.party_id) if file.party_id is not None else None
    return file, files.read(file, box=box_of(db, party) if party else None)


# -- what stands on every paper -------------------------------------------------------------------


def _heading(db: Db, *, clock: Clock, by: Staff, case: Case, why: str) -> dict[str, Any]:
    """Lender, borrower by full name, contract. Opening name and number is on record like any other reveal."""
    head = _masked_heading(db, clock=clock, case=case)
    if case.loan.party_id is not None:
        party = party_by_id(db, case.loan.party_id)
        head["borrower"] = reveal(db, clock=clock, by=by, party=party, kind="name", reason=f"{why} {case.loan.contract_no}")
        if "id_number" in masks(db, party):
            head["id_number"] = reveal(db, clock=clock, by=by, party=party, kind="id_number", reason=f"{why} {case.loan.contract_no}")
    return head


def _masked_heading(db: Db, *, clock: Clock, case: Case) -> dict[str, Any]:
    known = case.lender
    return {
        "lender": known.name or "",
        "licence": known.licence_no or "",
        "borrower": case.loan.borrower_label,
        "id_number": "",
        "contract_no": case.loan.contract_no,
        "loan": case.loan.public_id,
        "product": store.collateral_of(db, case.loan.product_code)[1],
        "issued_on": _day(clock.today()),
    }


def _settled(reckoning: servicing.Reckoning) -> dict[str, Any]:
    currency = reckoning.asked.currency
    return {
        "principal": _money(reckoning.principal.minor, currency),
        "principal_capital": in_capitals(reckoning.principal),
        "parts": [[_PARTS[name], _money(amount.minor, currency)] for name, amount in reckoning.parts.items() if amount.minor],
        "paid_total": _money(reckoning.kept.minor, currency),
        "paid_capital": in_capitals(reckoning.kept),
        "given_up": _money(reckoning.given_up.minor, currency) if reckoning.given_up.minor else "",
        "refunded": _money(reckoning.refunded.minor, currency) if reckoning.refunded.minor else "",
        "settled_on": _day(reckoning.paid_off_on) if reckoning.paid_off_on else "",
        "receipts": len(reckoning.receipts),
    }


def _counter(db: Db, case: Case) -> dict[str, str]:
    counter = store.counter(db, case.loan.branch_id)
    return {
        "place": f"{counter.name} {counter.address}".strip(),
        "hours": f"{weekdays_zh(counter.first_day, counter.last_day)} {counter.opens}–{counter.closes}",
        "phone": counter.phone,
    }


_DAYS_ZH: Final = "一二三四五六日"


def weekdays_zh(first: int, last: int) -> str:
    """`周一至周六`."""
    return f"周{_DAYS_ZH[first - 1]}至周{_DAYS_ZH[last - 1]}" if first != last else f"周{_DAYS_ZH[first - 1]}"


def _collected(release: Release) -> str:
    if release.way is None:
        return "尚未到店"
    return {"self": "本人到店，证件与一次性验证码核验", "agent": "代理人持委托书到店", "papers": "凭纸质资料核验"}[release.way.value]


def _key(db: Db) -> str:
    """The journal's public key, printed so that the proof page's own copy can be compared with it."""
    return signing_key(keys_folder(), heads_exist=newest_head(db) is not None).verifier.text()


def _parts(owed: Mapping[str, int], currency: str) -> list[list[str]]:
    return [[_PARTS[part], _money(minor, currency)] for part, minor in owed.items() if minor]


def _money(minor: int, currency: str) -> str:
    whole, _, cents = Money(minor, currency).decimal().partition(".")
    return f"{int(whole):,}.{cents}" if cents else f"{int(whole):,}"


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{_day(local.date())} {local:%H:%M}"


def _shown(value: Any) -> str:
    return "、".join(str(each) for each in value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
