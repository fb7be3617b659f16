"""Log-in of staff: name and password, no puzzle; a wrong one says nothing of which was wrong."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class LogInForm(AuthenticationForm):
    """Django's form in our words."""

    error_messages = {
        "invalid_login": _("Name and password do not fit. Capitals count in both."),
        "inactive": _("This log-in is switched off; ask the administrator."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("Log-in name")
        self.fields["password"].label = _("Password")
        for name, complete in (("username", "username"), ("password", "current-password")):
            self.fields[name].widget.attrs.update({"class": "in", "autocomplete": complete})


log_in = LoginView.as_view(form_class=LogInForm, template_name="console/login.html", redirect_authenticated_user=True)
log_out = LogoutView.as_view(next_page="console:login")
