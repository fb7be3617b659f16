"""What a robot's call says: first that it is a robot and for whom it calls, and only after a key press what it is about.

Whoever picks up may be anyone, so the opening names no debt (`contact.identity_first`) and says that no person is speaking
(`contact.robot_announces_itself`). What follows the key press is the same wording as the text message.
"""

from __future__ import annotations

from typing import Final

# Between what anybody hears and what is said after the key press.
KEY_PRESS: Final = "\n"
OPENINGS: Final = {
    "zh-hans": "您好，这是{lender}的自动语音，由机器人拨打，不是真人。有一则通知只对机主本人播报：本人请按 1，不是本人请挂断。",
    "en": "This is an automated call from {lender}; no person is speaking. We have a notice for the owner of this number alone:"
    " press 1 if that is you, hang up if it is not.",
}
NOBODY: Final = {"zh-hans": "出借机构", "en": "your lender"}


def spoken(notice: str, *, language: str, lender: str | None) -> str:
    """A call as it is handed to a voice channel: the opening, and after the key press the notice."""
    tongue = "en" if language.startswith("en") else "zh-hans"
    return OPENINGS[tongue].format(lender=lender or NOBODY[tongue]) + KEY_PRESS + notice


def parts(text: str) -> tuple[str, str]:
    """What anybody hears who picks up, and what the owner of the number hears after the key press."""
    opening, _, notice = text.partition(KEY_PRESS)
    return opening, notice
