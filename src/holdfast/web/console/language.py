"""Which language the page is drawn in."""

from __future__ import annotations

from django.utils.translation import get_language


def chinese() -> bool:
    """Whether the page being drawn is in Chinese."""
    return (get_language() or "").startswith("zh")
