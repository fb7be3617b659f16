"""A property is slow when the machine is busy; that says nothing of the rule, so no example has a deadline."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
