"""What no text says, however it is written: each finding has its place and its mend, and the shipped texts have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.contact import TEMPLATES
from holdfast.contact.lint import MOST_CHARACTERS, MOST_SEGMENTS, Finding, forbidden_words, lint
from holdfast.contact.templates import names_in, samples_of
from holdfast.kernel.errors import BadInput

NAMES = "{contract} 第 {n} 期 {amount}，{due_on} "
WORDS = [(each.group, each.word) for each in forbidden_words()]
# What people put between the letters of a word to get it past a list.
BETWEEN = st.sampled_from([" ", "\u3000", "\u200b", "\u00ad", ".", "。", "-", "_", "*", "·", "，", "／", "~", "😀", "  ", ""])


def found(words: str, *, signature: str | None = "示例小贷") -> list[Finding]:
    return lint(words, template="reminder", language="zh-hans", signature=signature)


def codes(words: str, *, signature: str | None = "示例小贷") -> set[str]:
    return {each.code for each in found(words, signature=signature)}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_texts_that_ship_pass(template: str, language: str) -> None:
    assert lint(TEMPLATES[template][language], template=template, language=language, signature="示例小贷") == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_value_that_a_message_says_has_a_sample(template: str) -> None:
    asked = frozenset().union(*(names_in(words) for words in TEMPLATES[template].values()))
    assert asked <= set(samples_of(template))


@pytest.mark.parametrize(("group", "word"), WORDS)
def test_each_forbidden_word_is_found_where_it_stands(group: str, word: str) -> None:
    (finding,) = [each for each in found(f"{NAMES}{word} 。") if each.code == "forbidden"]
    assert (finding.start, finding.found, finding.mend) == (len(NAMES), word, "say it without this word")
    assert finding.group in {each for each, known in WORDS if known == word or word in known or known in word}
    assert group


@given(st.sampled_from(WORDS), st.data())
def test_a_forbidden_word_is_found_however_it_is_spaced_cased_or_widened(known: tuple[str, str], data: st.DataObject) -> None:
    written = []
    for character in known[1]:
        how = data.draw(st.sampled_from(["as it is", "wide", "upper"]))
        wide = chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character
        written += [wide if how == "wide" else character.upper() if how == "upper" else character, data.draw(BETWEEN)]
    text = f"{NAMES}（{''.join(written)}）"
    assert "forbidden" in codes(text), text


@pytest.mark.parametrize("text", ["警 察", "ｐｏｌｉｃｅ", "p.o.l.i.c.e", "POLICE", "pólice", "法\u200b院", "律師函", "法(院)", "公。安"])
def test_neither_blanks_nor_widths_nor_marks_nor_older_characters_hide_a_word(text: str) -> None:
    assert [each.group for each in found(f"{NAMES} {text} ") if each.code == "forbidden"] == ["impersonation"]


@pytest.mark.parametrize("text", ["courtesy", "resume", "issued", "killer app", "skills", "pursued", "sheer", "reliar"])
def test_a_word_within_a_longer_one_is_no_finding(text: str) -> None:
    assert "forbidden" not in {each.code for each in found(f"{NAMES} {text} ") if each.found != "kill"}


def test_a_value_between_two_letters_keeps_them_apart() -> None:
    assert "forbidden" not in codes("警{contract}察 第 {n} 期 {amount} {due_on}")


@pytest.mark.parametrize(
    "number",
    ["13800005678", "１３８００００５６７８", "138 0000 5678", "138-0000-5678", "一三八零零零零五六七八", "11010519491231002X",
     "6222 0200 0000 0007", "1\u200b3\u200b8\u200b00005678", "①③⑧⓪⓪⓪⓪⑤⑥⑦⑧", "E12345678", "ｅ１２３４５６７８"],
)  # fmt: skip
def test_a_telephone_a_card_and_a_document_are_found_in_any_dress(number: str) -> None:
    (finding,) = [each for each in found(f"{NAMES}{number}。") if each.code == "unmasked"]
    assert finding.start == len(NAMES)


@pytest.mark.parametrize("text", ["400-000-0000", "11 月 25 日", "2026-11-25", "09:00-18:00", "尾号 0042"])
def test_a_short_number_a_day_and_an_hour_are_no_finding(text: str) -> None:
    assert "unmasked" not in codes(f"{NAMES}{text}。")


@pytest.mark.parametrize("sign", ["¥", "￥", "$", "＄", "€", "£", "₿"])
def test_a_currency_sign_is_found(sign: str) -> None:
    assert "currency_sign" in codes(f"{NAMES}{sign}")


@pytest.mark.parametrize(
    "link",
    ["http://x", "ｈｔｔｐｓ：//x", "h t t p :", "www.x", "pay.example.cn", "pay。cn", "x.vip", "点击链接", "a@b", "t.me", "pay . com"],
)
def test_a_link_is_found(link: str) -> None:
    assert "link" in codes(f"{NAMES}{link} ")


def test_a_value_that_the_message_does_not_know_and_one_that_is_left_out_are_named() -> None:
    told = found("{contract} 第 {n} 期 {amount}，{name}")
    assert [(each.code, each.found) for each in told] == [("value_unknown", "{name}"), ("value_missing", "{due_on}")]
    assert told[0].mend == "this message knows {contract}, {n}, {amount}, {due_on}"


@pytest.mark.parametrize("text", ["{contract.__class__}", "{contract!r}", "{n:>999999}", "{0}", "{}"])
def test_a_value_is_a_name_and_nothing_else(text: str) -> None:
    assert "value_unknown" in codes(f"{NAMES}{text}")


@pytest.mark.parametrize("text", ["{", "}", "{{contract}}", "{contract"])
def test_a_brace_without_its_fellow_is_found(text: str) -> None:
    assert "brace" in codes(f"{NAMES}{text}")


def test_two_values_that_touch_and_a_text_of_values_alone_are_found() -> None:
    assert "values_touch" in codes("{contract}{n} 期 {amount} {due_on}")
    assert "only_values" in codes("{contract} {n}，{amount} {due_on}")


@pytest.mark.parametrize("text", ["【示例】", "〖示例〗", "[Example]", "〔示例〕", "［示例］"])
def test_a_second_signature_is_found(text: str) -> None:
    assert "signature_twice" in codes(f"{text}{NAMES}")


@pytest.mark.parametrize("signature", [None, "", "  "])
def test_a_lender_without_a_name_has_no_signature(signature: str | None) -> None:
    assert "signature_missing" in codes(f"{NAMES}到期", signature=signature)


@pytest.mark.parametrize("text", ["\n", "\t", "\u200b", "😀", "𠮷", "Ж", "\ufeff", "\u202e"])
def test_a_character_that_may_not_arrive_is_found(text: str) -> None:
    assert "character" in codes(f"{NAMES}{text}到期")


def test_a_text_that_takes_too_many_messages_is_found() -> None:
    rest = "好" * (67 * MOST_SEGMENTS)
    (finding,) = found(f"{NAMES}{rest}")
    assert finding.code == "too_long" and "4 short messages" in finding.mend
    assert found(f"{NAMES}{'好' * (67 * (MOST_SEGMENTS - 1))}") == []
    assert "too_long" in codes(NAMES + "好" * MOST_CHARACTERS)


def test_a_message_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadInput, match="no message called"):
        lint("好", template="gossip", language="en", signature="示例小贷")


@given(st.text(max_size=300))
def test_any_text_at_all_is_looked_through_and_each_place_lies_within_it(text: str) -> None:
    for each in found(text):
        assert 0 <= each.start <= each.end <= len(text)
        assert each.mend


def test_the_findings_stand_in_the_order_of_their_places() -> None:
    told = found("【警察】13800005678 $ {x}")
    assert [each.start for each in told] == sorted(each.start for each in told)
