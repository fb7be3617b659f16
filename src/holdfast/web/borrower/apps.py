"""Registers the borrower's pages with Django, so that their templates are found."""

from django.apps import AppConfig


class BorrowerConfig(AppConfig):
    """Holds no tables of its own."""

    name = "holdfast.web.borrower"
    label = "borrower"
