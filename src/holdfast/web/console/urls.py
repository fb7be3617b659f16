"""The console's addresses. Filters live in them, so a view can be sent to a colleague."""

from __future__ import annotations

from django.urls import path

from holdfast.web.console import clock, coverage, home, journal, loan, loan_acts, loans, login, settings, tape, tonight

app_name = "console"
urlpatterns = [
    path("", home.home, name="home"),
    path("login", login.log_in, name="login"),
    path("logout", login.log_out, name="logout"),
    path("settings/<slug:name>/<slug:choice>", settings.choose, name="choose"),
    path("clock", clock.move, name="clock"),
    path("loans", loans.loans, name="loans"),
    path("loans/<slug:loan_id>", loan.loan, name="loan"),
    path("loans/<slug:loan_id>/receipts", loan_acts.receive, name="receive"),
    path("loans/<slug:loan_id>/receipts/<int:event_no>/reverse", loan_acts.reverse, name="reverse"),
    path("loans/<slug:loan_id>/refund", loan_acts.refund, name="refund"),
    path("loans/<slug:loan_id>/write-off", loan_acts.write_off, name="write_off"),
    path("loans/<slug:loan_id>/requests/<slug:asked_id>", loan_acts.answer, name="answer"),
    path("loans/<slug:loan_id>/duties/<int:duty_no>", loan_acts.note_duty, name="note_duty"),
    path("loans/<slug:loan_id>/journal", journal.loan_journal, name="loan_journal"),
    path("loans/<slug:loan_id>/bundle", journal.bundle, name="bundle"),
    path("tonight", tonight.tonight, name="tonight"),
    path("tonight/hold", tonight.hold, name="hold"),
    path("coverage", coverage.coverage, name="coverage"),
    path("tapes", tape.tapes, name="tapes"),
    path("tapes/<slug:tape_id>", tape.tape, name="tape"),
    path("journal", journal.journal, name="journal"),
    path("journal/head", journal.take_head, name="head"),
]
