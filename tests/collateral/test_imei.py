"""IMEIs: what is taken, and how each mistake is named."""

from __future__ import annotations

import pytest

from holdfast.collateral import distinct_imeis, normal_imei
from holdfast.kernel.errors import BadInput

FIRST, SECOND = "490154203237518", "356938035643809"


def test_fifteen_digits_with_a_fitting_last_one_are_an_imei_however_they_are_typed() -> None:
    for typed in (FIRST, "49-015420-323751-8", "49 015420 323751 8", "４９０１５４２０３２３７５１８"):
        assert normal_imei(typed) == FIRST


def test_a_mistyped_digit_is_found_by_the_last_one_wherever_it_stands() -> None:
    for place in range(15):
        wrong = FIRST[:place] + str((int(FIRST[place]) + 1) % 10) + FIRST[place + 1 :]
        with pytest.raises(BadInput, match="last digit"):
            normal_imei(wrong)


def test_an_imeisv_is_named_and_refused() -> None:
    with pytest.raises(BadInput, match="IMEISV") as refused:
        normal_imei(FIRST + "0", "imei2")
    assert (refused.value.code, refused.value.field) == ("imeisv", "imei2")


@pytest.mark.parametrize("text", ["", "4901542032375", "49015420323751a", "4901542032375180000"])
def test_anything_but_fifteen_digits_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"15 digits|empty"):
        normal_imei(text)


def test_a_phone_with_two_cards_has_two_different_imeis() -> None:
    assert distinct_imeis([FIRST, SECOND]) == (FIRST, SECOND)
    with pytest.raises(BadInput, match="first IMEI again") as twice:
        distinct_imeis([FIRST, "49 015420 323751 8"])
    assert twice.value.field == "imei2"


def test_a_phone_has_one_imei_or_two() -> None:
    with pytest.raises(BadInput, match="has an IMEI"):
        distinct_imeis([])
    with pytest.raises(BadInput, match="at most 2"):
        distinct_imeis([FIRST, SECOND, "352099001761481"])
