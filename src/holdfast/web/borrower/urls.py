"""The borrower's addresses."""

from __future__ import annotations

from django.urls import path

from holdfast.web.borrower.loan import loan

app_name = "borrower"
urlpatterns = [path("<str:link>", loan, name="loan")]
