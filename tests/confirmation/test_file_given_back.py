"""A file that the borrower has back is not confirmed: what is still to change in it cannot be read out."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast import applications, confirmation
from holdfast.kernel.errors import Refusal
from tests.applications.people import picture
from tests.confirmation.desk import CallDesk


@pytest.fixture
def desk(db: psycopg.Connection[Any]) -> CallDesk:
    return CallDesk(db)


def give_back(desk: CallDesk) -> None:
    applications.give_back(
        desk.db, clock=desk.clock, by=desk.hire("officer", "officer-9"), loan=desk.loan, fields=("invoice",), words="发票看不清，请重拍"
    )


def test_neither_is_the_code_sent_nor_the_call_completed_while_the_borrower_has_the_file_back(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    give_back(desk)
    with pytest.raises(Refusal) as refused:
        confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert refused.value.code == "file_given_back"


def test_a_call_whose_code_was_read_out_is_not_completed_either_until_the_file_is_in_again(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    desk.prove()
    give_back(desk)
    with pytest.raises(Refusal) as refused:
        desk.confirm()
    assert refused.value.code == "file_given_back"
    desk.applicant.attach("invoice", picture(9))
    desk.applicant.submit()
    assert desk.confirm().state == "confirmed"


def test_the_borrower_is_asked_to_confirm_only_once_a_code_was_sent_in_a_call(desk: CallDesk) -> None:
    number = confirmation.confirmation_of(desk.db, desk.applicant.look().loan_id or 0).loan_id
    assert not confirmation.waits_for_code(desk.db, number)
    desk.talk()
    desk.say()
    assert not confirmation.waits_for_code(desk.db, number)
    confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert confirmation.waits_for_code(desk.db, number)
