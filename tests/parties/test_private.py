"""What is well formed, and what of it may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput
from holdfast.parties import PrivateKind, mask_name, masked, normal
from holdfast.parties.private import id_check_digit, luhn

# Made-up numbers with a true check digit; the first is the example of the trade's own documentation.
ID = "11010519491231002X"
PHONE = "13800005678"
IMEI = "490154203237518"
CARD = "6222020000000007"


@pytest.mark.parametrize(
    ("kind", "typed", "kept", "shown"),
    [
        ("name", "张三", "张三", "张*"),
        ("name", "欧阳修", "欧阳修", "欧阳*"),
        ("name", "买买提·示例", "买买提·示例", "买*"),
        ("name", "Ann  Sample", "Ann Sample", "A*"),
        ("id_number", "110105 1949 1231 002x", ID, "110105********002X"),
        ("phone", "+86 138-0000-5678", PHONE, "138****5678"),
        ("card", "6222 0200 0000 0007", CARD, "************0007"),
        ("plate", "粤b·12346", "粤B12346", "粤B***6"),
        ("plate", "粤BD12346", "粤BD12346", "粤B***6"),
        ("imei", "49-015420-323751-8", IMEI, "***********7518"),
        ("address", "示例省示例市示例路 1 号", "示例省示例市示例路 1 号", "示例省示例市****"),
    ],
)
def test_a_value_is_kept_in_one_form_and_shown_under_its_mask(kind: str, typed: str, kept: str, shown: str) -> None:
    value = normal(kind, typed)
    assert value == kept
    assert masked(kind, value) == shown


@pytest.mark.parametrize(
    ("kind", "typed", "why"),
    [
        ("id_number", "110105194912310021", "mistyped digit"),
        ("id_number", "990105194912310021", "province"),
        ("id_number", "110105194913310026", "date of birth"),
        ("id_number", "1101051949123100", "17 digits"),
        ("phone", "12800005678", "13 to 19"),
        ("phone", "1380000567", "11 digits"),
        ("imei", "490154203237519", r"\*#06#"),
        ("imei", "4901542032375", "15 digits"),
        ("card", "6222020000000008", "mistyped digit"),
        ("plate", "粤I12345", "粤B12345"),
        ("name", "张三13800005678", "letters"),
        ("name", " ", "empty"),
        ("address", "路" * 201, "longer"),
        ("face", "x", "not a kind"),
    ],
)
def test_what_is_malformed_is_refused_with_the_mend(kind: str, typed: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        normal(kind, typed)


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_of_an_identity_number_is_always_noticed(place: int, change: int) -> None:
    first17 = ID[:17]
    digit = str((int(first17[place]) + change) % 10)
    assert id_check_digit(first17[:place] + digit + first17[place + 1 :]) != ID[17]


@given(st.integers(0, 14), st.integers(1, 9))
def test_one_mistyped_digit_of_an_imei_is_always_noticed(place: int, change: int) -> None:
    assert not luhn(IMEI[:place] + str((int(IMEI[place]) + change) % 10) + IMEI[place + 1 :])


@given(st.text(min_size=1, max_size=30))
def test_a_masked_name_never_shows_more_than_a_surname(name: str) -> None:
    shown = mask_name(name)
    assert shown.endswith("*")
    assert len(shown) <= 3


@pytest.mark.parametrize("kind", PrivateKind)
def test_every_kind_has_a_form_and_a_mask(kind: PrivateKind) -> None:
    samples = {
        "name": "张三",
        "id_number": ID,
        "phone": PHONE,
        "card": CARD,
        "address": "示例省示例市示例路",
        "plate": "粤B12346",
        "imei": IMEI,
    }
    value = normal(kind, samples[kind])
    assert value not in masked(kind, value)
