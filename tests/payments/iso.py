"""Messages as a bank would write them, made of round figures; nothing of them is copied from a bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape


def entry(
    amount: str, *, sign: str = "CRDT", currency: str = "CNY", day: str = "2026-03-02", status: str = "BOOK", payer: str = "",
    account: str = "", remark: str = "", ref: str = "", key: str = "", own: str = "",
    parts: Sequence[tuple[str, str]] = (), back: bool = False,
) -> str:  # fmt: skip
    """One entry of a statement; `parts` are amounts and keys of the payments that it sums."""
    side = "Cdtr" if sign == "DBIT" else "Dbtr"
    if parts:
        details = "".join(
            f"<TxDtls><Refs>{_if('EndToEndId', each)}</Refs><Amt Ccy='{currency}'>{value}</Amt><CdtDbtInd>{sign}</CdtDbtInd></TxDtls>"
            for value, each in parts
        )
    else:
        number = f"<{side}Acct><Id><Othr><Id>{account}</Id></Othr></Id></{side}Acct>" if account else ""
        ours = f"<CdtrAcct><Id><Othr><Id>{own}</Id></Othr></Id></CdtrAcct>" if own else ""
        related = (f"<{side}><Nm>{escape(payer)}</Nm></{side}>" if payer else "") + number + ours
        details = (
            f"<TxDtls><Refs>{_if('EndToEndId', key)}</Refs><RltdPties>{related}</RltdPties>"
            f"<RmtInf>{_if('Ustrd', escape(remark))}</RmtInf>{'<RtrInf/>' if back else ''}</TxDtls>"
        )
    return (
        f"<Ntry><Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{_if('AcctSvcrRef', ref)}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def camt053(*entries: str) -> bytes:
    """A statement of those entries."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        + "".join(entries)
        + "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def pain002(statuses: Mapping[str, str], *, group: str = "", message: str = "pf_x", reason: str = "") -> bytes:
    """A status report: a code for each end-to-end id, and perhaps one for the file."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{code}</TxSts>{why}<AcctSvcrRef>r-{key[-4:]}</AcctSvcrRef></TxInfAndSts>"
        for key, code in statuses.items()
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><CstmrPmtStsRpt>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>{_if('GrpSts', group)}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts>{lines}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def _if(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>" if value else ""
