"""Django's settings. What differs between machines comes from the environment; what guards the user does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from holdfast.database.connection import app_url
from holdfast.database.migrate import django_parameters
from holdfast.database.secrets import WEB_SECRET, secret

DEBUG = False
SECRET_KEY = secret(WEB_SECRET)
ALLOWED_HOSTS = [host for host in os.environ.get("HOLDFAST_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host]
ROOT_URLCONF = "holdfast.web.urls"
WSGI_APPLICATION = "holdfast.web.wsgi.application"

INSTALLED_APPS = [
    "holdfast",
    "holdfast.web.console",
    "holdfast.web.borrower",
    "holdfast.web.proof",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "holdfast.web.guard.guarded",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "holdfast.web.console.chrome.chrome",
            ]
        },
    }
]

# -- the book: entered as holdfast_app, parameters bound by the server, statements prepared once used often --
DATABASES: dict[str, dict[str, Any]] = {
    "default": {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, **django_parameters(app_url())}
}
DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# -- language and time: the lender's zone comes from the book, not from here --
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]  # each by its own name
# Each stage has a catalogue of its own.
LOCALE_PATHS = sorted(Path(__file__).parent.joinpath("locale").glob("*/"))
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"

# -- people --
LOGIN_URL = "/login"
CSRF_FAILURE_VIEW = "holdfast.web.console.refusals.stale_form"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# -- guards; over TLS the cookies never leave it --
_TLS = bool(os.environ.get("HOLDFAST_TLS_CERT"))
SESSION_COOKIE_NAME = "holdfast_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _TLS
CSRF_COOKIE_NAME = "holdfast_csrf"
CSRF_COOKIE_SECURE = _TLS
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("HOLDFAST_ORIGINS", "").split(",") if origin]
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20  # a form; a tape is streamed to a file and has its own limit
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

# Requests are not logged with their bodies, and private data never reaches a log: only that something broke, and where.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "WARNING", "propagate": True}},
}
