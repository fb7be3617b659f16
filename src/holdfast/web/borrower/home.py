"""What a borrower sees first: where their loan stands, and what comes next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from holdfast.database.connection import transaction
from holdfast.servicing import reading
from holdfast.web.borrower.desk import Visitor, borrower_at


@require_safe
@borrower_at
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The borrower's loans, newest first."""
    with transaction() as db:
        loans = reading.loan_list(db, visitor.look, limit=20)
    return render(request, "borrower/home.html", {"visitor": visitor, "loans": loans.items})
