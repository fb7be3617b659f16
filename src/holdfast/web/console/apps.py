"""Registers the console with Django, so that its templates, static files and translations are found."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Holds no tables of its own."""

    name = "holdfast.web.console"
    label = "console"
