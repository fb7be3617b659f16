"""The words of things in templates: their states, and what a code of custody or valuation is called."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from holdfast.web.console import custody_words, words
from holdfast.web.console.templatetags.console import state

register = template.Library()


@register.simple_tag
def coded_thing(table: str, code: str) -> SafeString:
    """A state of a thing or pledge: its shape and its word."""
    shape, word = getattr(custody_words, table).get(str(code), ("info", str(code)))
    return state(shape, str(word), True)


@register.simple_tag
def thing_word(table: str, code: str) -> str:
    """What a code is called."""
    return words.word(getattr(custody_words, table), str(code))


@register.filter
def times(count: int, by: int) -> int:
    """So many of so many."""
    return count * by
