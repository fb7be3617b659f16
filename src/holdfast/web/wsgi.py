"""What the web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "holdfast.web.settings")
application = get_wsgi_application()

# Every address is resolved now: a broken one must stop the start, not the first visitor.
get_resolver().url_patterns  # noqa: B018
