"""Registers the proof page with Django, so that its template and scripts are found."""

from django.apps import AppConfig


class ProofConfig(AppConfig):
    """Holds no tables of its own."""

    name = "holdfast.web.proof"
    label = "proof"
