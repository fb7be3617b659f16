"""Another system's file, a tape or an export, handed in: its form, and the page on which one sees it being read."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from holdfast import takeover
from holdfast.web.console.acts import attempt
from holdfast.web.console.desk import Db, Desk
from holdfast.web.console.forms import ActForm
from holdfast.web.console.templatetags.console import of_language
from holdfast.web.uploads import keep_tape, plain_name


class TapeForm(ActForm):
    """A tape to be read: the file, and the map that says what its columns mean."""

    file = forms.FileField(label=_("File (CSV)"), help_text=_("One row a loan. Nothing of a row that cannot be read is booked."))
    map = forms.ChoiceField(label=_("Map"), help_text=_("What the columns mean, in which currency, as of which day."))
    as_of = forms.DateField(
        label=_("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave empty to take the day that the map names."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as ActForm takes them
        chosen = self.fields["map"]
        assert isinstance(chosen, forms.ChoiceField)
        loaded = [(name, takeover.load(name)) for name in takeover.shipped()]
        chosen.choices = [(name, of_language((each.title_zh, each.title_en))) for name, each in loaded]


def hand_in(desk: Desk, form: TapeForm, *, act: str, ask: Callable[..., str]) -> HttpResponseRedirect | None:
    """Keep the file and queue it by `ask`: the page of its job, the same one if the form is sent twice; None if the form says why not."""

    def verb(db: Db) -> str:
        wanted = form.cleaned_data
        given = {"map_name": wanted["map"], "as_of": wanted["as_of"], "file_name": plain_name(wanted["file"])}
        return ask(db, clock=desk.clock, by=desk.staff, path=keep_tape(wanted["file"]), **given)

    done = attempt(desk, form, act=act, about={}, verb=verb)
    return None if done is None else HttpResponseRedirect(reverse("console:tape", args=[done.made]))
