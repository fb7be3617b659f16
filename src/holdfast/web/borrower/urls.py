"""The borrower's addresses. The last one takes whatever is no other: a signed link to one loan."""

from __future__ import annotations

from django.urls import path

from holdfast.web.borrower import (
    apply,
    ask,
    complaint,
    confirm,
    decision,
    home,
    login,
    mandate,
    papers,
    pay,
    release,
    settlement,
    sign,
    terms,
)
from holdfast.web.borrower.loan import loan, my_loan

app_name = "borrower"
urlpatterns = [
    path("", home.home, name="home"),
    path("log-in", login.log_in, name="log_in"),
    path("enter", login.enter, name="enter"),
    path("log-out", login.log_out, name="log_out"),
    path("apply", apply.plan, name="plan"),
    path("apply/check", apply.check, name="check"),
    path("apply/<slug:name>", apply.step, name="step"),
    path("applications/<slug:application_id>/withdrawal", apply.withdraw, name="withdraw"),
    path("applications/<slug:application_id>/files/<slug:file_id>", apply.picture, name="picture"),
    path("loans/<slug:loan_id>", my_loan, name="my_loan"),
    path("loans/<slug:loan_id>/confirm", confirm.confirm, name="confirm"),
    path("loans/<slug:loan_id>/decision", decision.decision, name="decision"),
    path("loans/<slug:loan_id>/terms", terms.terms, name="terms"),
    path("loans/<slug:loan_id>/terms/<slug:asked>/agreement", terms.agree, name="terms_agree"),
    path("loans/<slug:loan_id>/terms/<slug:asked>/withdrawal", terms.withdraw, name="terms_withdraw"),
    path("loans/<slug:loan_id>/settlement", settlement.settlement, name="settlement"),
    path("loans/<slug:loan_id>/settlement/<slug:settlement_id>/agree", settlement.agree, name="settlement_agree"),
    path("loans/<slug:loan_id>/settlement/<slug:settlement_id>/agreement", settlement.agreement, name="settlement_paper"),
    path("loans/<slug:loan_id>/ask", ask.ask, name="ask"),
    path("loans/<slug:loan_id>/leave-alone", ask.leave_alone, name="leave_alone"),
    path("loans/<slug:loan_id>/complaint", complaint.complain, name="complaint"),
    path("loans/<slug:loan_id>/complaint/<slug:complaint_id>/more", complaint.more, name="complaint_more"),
    path("loans/<slug:loan_id>/complaint/files/<slug:file_id>", complaint.file, name="complaint_file"),
    path("loans/<slug:loan_id>/pay", pay.pay, name="pay"),
    path("loans/<slug:loan_id>/pay/code", pay.code, name="pay_code"),
    path("loans/<slug:loan_id>/pay/<slug:intent>/paid", pay.paid, name="pay_paid"),
    path("loans/<slug:loan_id>/pay/<slug:intent>/cancel", pay.cancel, name="pay_cancel"),
    path("loans/<slug:loan_id>/direct-debit", mandate.mandate, name="mandate"),
    path("loans/<slug:loan_id>/direct-debit/<slug:mandate_id>/cancel", mandate.cancel, name="mandate_cancel"),
    path("loans/<slug:loan_id>/give-back", pay.give_back, name="give_back"),
    path("loans/<slug:loan_id>/sign", sign.sign, name="sign"),
    path("loans/<slug:loan_id>/papers/<slug:kind>", sign.paper, name="paper"),
    path("loans/<slug:loan_id>/statement", papers.statement, name="statement"),
    path("loans/<slug:loan_id>/statement.csv", papers.statement_csv, name="statement_csv"),
    path("loans/<slug:loan_id>/payoff", papers.payoff, name="payoff"),
    path("loans/<slug:loan_id>/made/<slug:kind>", papers.make, name="paper_make"),
    path("loans/<slug:loan_id>/made/files/<slug:file_id>", papers.paper, name="loan_paper"),
    path("calendar/<str:link>", papers.calendar, name="calendar"),
    path("release/<slug:loan_id>", release.follow, name="release"),
    path("release/<slug:loan_id>/papers/<slug:file_id>", release.paper, name="release_paper"),
    path("<str:link>", loan, name="loan"),
]
