"""The addresses of the proof page. Whoever knows the token may read; nobody can guess it."""

from __future__ import annotations

from django.urls import path

from holdfast.web.proof import page

app_name = "proof"
urlpatterns = [
    path("worker.js", page.worker, name="worker"),
    path("<slug:token>", page.proof, name="page"),
    path("<slug:token>/bundle", page.bundle, name="bundle"),
    path("<slug:token>/key", page.key, name="key"),
    path("<slug:token>/head", page.head, name="head"),
]
