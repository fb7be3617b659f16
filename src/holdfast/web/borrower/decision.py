"""Why we lent or did not, in the borrower's words: the reasons, what may change it, and the right to have people look again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from holdfast import decisioning
from holdfast.database.connection import transaction
from holdfast.decisioning import ByWhat, DecisionState
from holdfast.kernel.errors import HoldfastError
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.console import decision_words, words

# What the borrower can do from the page itself is not told a second time.
_THE_BUTTON = "mend.review"


class ReviewForm(forms.Form):
    """Why people should look again."""

    words = forms.CharField(
        label=_("What should we know?"),
        min_length=4,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "in"}),
        help_text=_("For example what has changed, or what we got wrong."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def decision(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The decision with its reasons; after a refusal by the rule, the form that asks for people."""
    with transaction() as db:
        logged = decisioning.decisions_of(db, visitor.must_own(db, loan_id))
    if not logged:  # it ended before anybody decided: the call did not confirm it, or nobody has decided yet
        return render(request, "borrower/decision.html", {"loan_id": loan_id, "made": None})
    made = logged[-1]
    may_ask = made.state is DecisionState.REFUSED and made.by_what is ByWhat.RULE
    form, status = ReviewForm(), 200
    if request.method == "POST":
        form, status = ReviewForm(request.POST), 422
        if form.is_valid():
            try:
                with transaction() as db:
                    decisioning.ask_review(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, words=form.cleaned_data["words"])
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))  # nothing that was typed is wrong
            else:
                messages.success(request, gettext("Your wish is with us. Two people look at your application again."))
                return HttpResponseRedirect(reverse("borrower:decision", args=[loan_id]))
    shape, word = decision_words.STATES[made.state]
    context = {
        "loan_id": loan_id,
        "made": made,
        "shape": shape,
        "word": word,
        "reasons": [decision_words.said(each, made.currency) for each in made.reasons],
        "mends": [decision_words.said(each, made.currency) for each in made.mends if each.code != _THE_BUTTON],
        "by_people": made.by_what is ByWhat.PEOPLE,
        "asked_for_people": made.by_what is ByWhat.REVIEW,
        "form": form if may_ask else None,
        "today": visitor.today,
    }
    return render(request, "borrower/decision.html", context, status=status)
