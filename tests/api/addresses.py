"""The API's addresses alone."""

from __future__ import annotations

from django.urls import path

from holdfast.web.api.api import api

urlpatterns = [path("api/v1/", api.urls)]
