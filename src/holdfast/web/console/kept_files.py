"""A file that came with a complaint or from a visit, on its way to somebody of the staff who sees the loan."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from holdfast.database.connection import transaction
from holdfast.followup.kept_files import kept_file
from holdfast.web.borrower.complaint import served_file
from holdfast.web.console.desk import Desk, at_desk


@require_safe
@at_desk
def file(request: HttpRequest, desk: Desk, loan_id: str, file_id: str) -> HttpResponse:
    """The file itself."""
    with transaction() as db:
        found, data = kept_file(db, by=desk.staff, loan=loan_id, file=file_id)
    return served_file(found.media_type, data)
