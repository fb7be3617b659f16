"""What a borrower is asked to agree to: one purpose each, in a text with a version, and no box ticked beforehand.

A changed text is a new version and is asked anew; what was agreed to stays on record with the version
that was read. Without the needed ones no loan can be made; the others change nothing if they are left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One purpose, and what is agreed to in two languages."""

    purpose: str
    version: str
    needed: bool
    zh: str
    en: str
    text_zh: str
    text_en: str

    @property
    def digest(self) -> str:
        """SHA-256 of what was shown, both languages: what a record names it by."""
        return hashlib.sha256(f"{self.purpose}\n{self.version}\n{self.text_zh}\n{self.text_en}".encode()).hexdigest()


CONSENTS: Final = {
    text.purpose: text
    for text in (
        ConsentText(
            "service", "2026-11", True, "为办理这笔借款使用我的资料", "Use of my data for this loan",
            "同意出借人为审核、签订和履行这笔借款，使用我填写的姓名、身份证号、住址、电话、收入情况和证件照片（其中身份证件属于敏感个人信息）。"
            "结清后按法定期限保存，到期删除。不同意则无法办理借款。",
            "I agree that the lender uses my name, ID number, address, phone, income and pictures of my ID card (sensitive personal"
            " information) to examine, conclude and perform this loan. They are kept for the time the law asks for and then deleted."
            " Without this, no loan can be made.",
        ),
        ConsentText(
            "bureau_query", "2026-11", True, "向征信机构查询我的信用报告", "Query of my credit report",
            "同意出借人仅为审核这笔借款，向征信机构查询我的信用报告一次。查询会留下记录。结果不作他用，不转给别人。",
            "I agree that the lender asks a credit bureau for my report, once and for this application only. The query leaves a trace."
            " The answer is used for nothing else and goes to nobody else.",
        ),
        ConsentText(
            "bureau_report", "2026-11", True, "向征信机构报送这笔借款", "Report of this loan to a credit bureau",
            "同意出借人把这笔借款的金额、还款和结清情况报送征信机构。报送不良信息前会先通知我。",
            "I agree that the lender reports the amount, the repayments and the end of this loan to a credit bureau."
            " I am told before anything bad is reported.",
        ),
        ConsentText(
            "contact", "2026-11", True, "就这笔借款打电话和发短信给我本人", "Calls and messages to me about this loan",
            "同意出借人为核对申请、到期提醒和归还押品，按规定的时间和次数给我本人打电话、发短信。不会联系我的通讯录或亲友。",
            "I agree that the lender calls and writes to me, and to nobody else, to check this application, to remind me of due dates and"
            " to return what I pledged, within the hours and limits of the rules.",
        ),
        ConsentText(
            "recording", "2026-11", False, "保存确认电话的录音", "Keeping the recording of the confirmation call",
            "同意保存确认电话的录音，用于证明双方说过的话，最长五年。不同意也可以借款，只是不保存录音。",
            "I agree that the recording of the confirmation call is kept for at most five years, as proof of what both sides said."
            " A loan can be made without it; then none is kept.",
        ),
        ConsentText(
            "marketing", "2026-11", False, "接收新产品的消息", "News of other products",
            "同意偶尔收到其他产品的消息。随时可以取消，不影响借款。",
            "I agree to hear of other products now and then. I can end this at any time; it changes nothing about the loan.",
        ),
    )
}  # fmt: skip
NEEDED: Final = tuple(text.purpose for text in CONSENTS.values() if text.needed)
