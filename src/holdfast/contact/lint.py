"""What is wrong with a text before anybody agrees to it: each finding with its place and the mend.

Pure. A text is read as a person reads it and not as it is typed: full-width letters are letters, and blanks, marks, accents and
zero-width characters between them are not there. The forbidden words stand in `forbidden_words.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from holdfast.contact.templates import FIELD, TEMPLATES, samples_of, segments, text_of, tongue_of
from holdfast.kernel.errors import BadInput, Fault

# Our own choice: a text that needs more is a letter, and belongs on the borrower's page.
MOST_SEGMENTS: Final = 3
MOST_CHARACTERS: Final = 500
LONGEST_NUMBER: Final = 10
_VALUE: Final = "\x00"
_NUMERALS: Final = dict(zip("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00123456789123456789", strict=True))
# What people put between the figures of a number; a colon or a comma parts two numbers.
_BETWEEN: Final = frozenset("-.·_*/\\()–—")
_LONG_NUMBER: Final = re.compile(rf"\d(?:-*\d){{{LONGEST_NUMBER},}}")
_IDENTITY: Final = re.compile(r"(?<![a-z])[a-z]{1,2}\d{7,9}(?!\d)")
_LINKS: Final = re.compile(
    r"h\s*t\s*t\s*p\s*s?\s*:|w\s*w\s*w\s*[.。]|[a-z0-9-]{2,}\s*[.。]\s*(?:cn|com|net|org|top|xyz)(?![a-z])"
    r"|[a-z0-9-]+\.(?:cc|io|me|vip|app|shop|link|ltd|info|tk|ly|gl|co|site|online|live|club)(?![a-z])|点击链接|点击网址|[a-z0-9]@[a-z0-9]"
)
_SIGNATURE_MARKS: Final = "【】〖〗〔〕[]"
_PUNCTUATION: Final = frozenset("–—‘’“”…·、。，；：？！（）《》「」『』％")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, where it stands in the text (from, up to), what stands there, and the mend.

    `group` says of a forbidden word what it does: `threat`, `shame`, `third_persons` and so on.
    """

    code: str
    start: int
    end: int
    found: str
    mend: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A word that no text says, as it is written and as it is looked for."""

    group: str
    word: str
    folded: str


def lint(words: str, *, template: str, language: str, signature: str | None) -> list[Finding]:
    """Everything that is wrong with the wording of a template, in the order of its places; empty: it may be asked for.

    BadInput if there is no such template. The signature is what is put in front, without 【】.
    """
    if template not in TEMPLATES:
        raise BadInput(f"template: there is no message called {template!r}", field="template")
    found = [
        *_shape(words), *_placeholders(words, TEMPLATES[template][tongue_of(language)]), *_signature(words, signature), *_words(words),
        *_numbers(words), *_characters(words), *_links(words),
    ]  # fmt: skip
    if not found:
        found = [*_length(words, template, language, signature)]
    return sorted(found, key=lambda each: (each.start, each.end, each.code))


@lru_cache(maxsize=1)
def forbidden_words() -> tuple[Forbidden, ...]:
    """The forbidden words, longest first."""
    raw = _file()
    words = [(group["code"], word) for group in raw["groups"] for word in (*group["zh"], *group["en"])]
    return tuple(sorted((Forbidden(code, word, folded(word)) for code, word in words), key=lambda each: (-len(each.folded), each.word)))


def folded(text: str) -> str:
    """The text as it is looked through: small letters and figures of one width, nothing between them."""
    return "".join(character for character, _ in _fold(text))


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _file() -> Mapping[str, Any]:
    raw: Mapping[str, Any] = yaml.safe_load((files("holdfast.contact") / "forbidden_words.yaml").read_text("utf-8"))
    return raw


@lru_cache(maxsize=1)
def _simplified() -> Mapping[int, int]:
    raw = _file()
    return str.maketrans(raw["traditional"], raw["simplified"])


@lru_cache(maxsize=4096)
def _letters(character: str) -> str:
    """What one character is read as: nothing for blanks, marks, accents and what has no width."""
    if character == _VALUE:
        return character
    plain = unicodedata.normalize("NFKD", character).casefold().translate(_simplified())
    return "".join(each for each in plain if each.isalnum())


def _fold(text: str) -> Iterator[tuple[str, int]]:
    for at, character in enumerate(text):
        for letter in _letters(character):
            yield letter, at


def _without_values(words: str) -> str:
    """The text with each placeholder covered, of the same length."""
    return FIELD.sub(lambda each: _VALUE * len(each[0]), words)


def _shape(words: str) -> Iterator[Finding]:
    if len(words) > MOST_CHARACTERS:
        yield Finding("too_long", MOST_CHARACTERS, len(words), "", f"write at most {MOST_CHARACTERS} characters")
    if not folded(_without_values(words)).strip(_VALUE):
        yield Finding("only_values", 0, len(words), words, "write words: carriers take no text that is nothing but values")


def _placeholders(words: str, shipped: str) -> Iterator[Finding]:
    known = list(dict.fromkeys(FIELD.findall(shipped)))
    last = None
    for each in FIELD.finditer(words):
        if each[1] not in known:
            mend = f"this message knows {', '.join('{' + name + '}' for name in known)}" if known else "this message knows no values"
            yield Finding("value_unknown", each.start(), each.end(), each[0], mend)
        if last == each.start():
            yield Finding("values_touch", each.start(), each.end(), each[0], "write a word between two values: carriers ask for it")
        last = each.end()
    present = set(FIELD.findall(words))
    for name in known:
        if name not in present:
            yield Finding("value_missing", len(words), len(words), "{" + name + "}", "the borrower needs it: say it somewhere")
    bare = _without_values(words)
    for at, character in enumerate(bare):
        if character in "{}":
            yield Finding("brace", at, at + 1, character, "a brace stands around the name of a value and nowhere else")


def _signature(words: str, signature: str | None) -> Iterator[Finding]:
    if not (signature or "").strip():
        yield Finding("signature_missing", 0, 0, "", "the lender has no name yet: it is the signature in front of every text")
    for at, character in enumerate(words):
        if unicodedata.normalize("NFKC", character) in _SIGNATURE_MARKS:
            yield Finding("signature_twice", at, at + 1, character, "the signature is put in front by itself; write no such bracket")


def _words(words: str) -> Iterator[Finding]:
    bare = _without_values(words)
    pairs = list(_fold(bare))
    text, places = "".join(letter for letter, _ in pairs), [at for _, at in pairs]
    taken: set[int] = set()
    for each in forbidden_words():
        at = text.find(each.folded)
        while at >= 0:
            start, end = places[at], places[at + len(each.folded) - 1] + 1
            if start not in taken and _whole(bare, start, end, each.folded):
                taken.update(range(start, end))
                yield Finding("forbidden", start, end, words[start:end], "say it without this word", each.group)
            at = text.find(each.folded, at + 1)


def _whole(text: str, start: int, end: int, folded_word: str) -> bool:
    """Whether a word written in letters begins and ends where a word does; one in Chinese characters always does."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_latin(folded_word[0]) and _latin(before)) and not (_latin(folded_word[-1]) and _latin(after))


def _latin(character: str) -> bool:
    letters = _letters(character)
    return bool(letters) and letters[0].isascii() and letters[0].isalnum()


def _numbers(words: str) -> Iterator[Finding]:
    bare = _without_values(words)
    shape = "".join(_as_figure(each) for each in bare)
    for each in _LONG_NUMBER.finditer(shape):
        yield Finding(
            "unmasked", each.start(), each.end(), words[each.start() : each.end()],
            f"more than {LONGEST_NUMBER} figures name a person, a card or a telephone: leave them out or mask them",
        )  # fmt: skip
    for each in _IDENTITY.finditer("".join(_plain(character) for character in bare)):
        yield Finding(
            "unmasked", each.start(), each.end(), words[each.start() : each.end()], "this looks like a document's number: leave it out"
        )


def _as_figure(character: str) -> str:
    """A figure as a figure, what stands between figures as `-`, all else as `x`."""
    if (figure := unicodedata.digit(character, None)) is not None:
        return str(figure)
    if character in _NUMERALS:
        return _NUMERALS[character]
    plain = unicodedata.normalize("NFKC", character)
    return "-" if plain in _BETWEEN or unicodedata.category(character) in ("Zs", "Cf") else "x"


def _plain(character: str) -> str:
    return (unicodedata.normalize("NFKC", character).casefold() or character)[0]


def _characters(words: str) -> Iterator[Finding]:
    for at, character in enumerate(words):
        if unicodedata.category(unicodedata.normalize("NFKC", character)[0]) == "Sc":
            yield Finding("currency_sign", at, at + 1, character, "write the currency in words: carriers refuse the sign")
        elif not _common(character):
            mend = "this character may not arrive, or counts twice: write letters, Chinese characters and plain marks"
            yield Finding("character", at, at + 1, character, mend)


def _common(character: str) -> bool:
    """Whether every telephone shows it and it takes one unit: ASCII, Latin letters, Chinese of the basic plane, usual marks."""
    if character.isascii():
        return character.isprintable()
    if character in _PUNCTUATION or character in _SIGNATURE_MARKS or "\u3400" <= character <= "\u9fff" or "\uff01" <= character <= "\uff5e":
        return True
    return character == "\u3000" or unicodedata.name(character, "").startswith("LATIN ")


def _links(words: str) -> Iterator[Finding]:
    for each in _LINKS.finditer("".join(_plain(character) for character in _without_values(words))):
        yield Finding(
            "link", each.start(), each.end(), words[each.start() : each.end()],
            "send no link and no address: the borrower logs in to the loan page by themselves",
        )  # fmt: skip


def _length(words: str, template: str, language: str, signature: str | None) -> Iterator[Finding]:
    try:
        text = text_of(template, samples_of(template), language=language, signature=signature, words=words)
    except Fault as error:
        yield Finding("unmasked", 0, len(words), words, error.sentence)
        return
    if (parts := segments(text)) > MOST_SEGMENTS:
        yield Finding("too_long", 0, len(words), "", f"with usual values it takes {parts} short messages; at most {MOST_SEGMENTS}")
