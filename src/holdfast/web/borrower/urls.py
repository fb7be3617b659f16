"""The borrower's addresses. The last one takes whatever is no other: a signed link to one loan."""

from __future__ import annotations

from django.urls import path

from holdfast.web.borrower import defer, home, login
from holdfast.web.borrower.loan import loan

app_name = "borrower"
urlpatterns = [
    path("", home.home, name="home"),
    path("log-in", login.log_in, name="log_in"),
    path("enter", login.enter, name="enter"),
    path("log-out", login.log_out, name="log_out"),
    path("loans/<slug:loan_id>/defer", defer.defer, name="defer"),
    path("loans/<slug:loan_id>/defer/<slug:deferral>/withdrawal", defer.withdraw, name="defer_withdraw"),
    path("<str:link>", loan, name="loan"),
]
