"""The first migration: every capability's tables, in the order in which they need each other."""

from importlib.resources import files

from django.db import migrations

IN_ORDER = (
    "policy",
    "journal",
    "parties",
    "products",
    "approvals",
    "files",
    "loans",
    "duties",
    "ledger",
    "contact",
    "servicing",
    "takeover",
)


class Migration(migrations.Migration):
    """Runs the `schema.sql` of each capability once."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL((files("holdfast") / capability / "schema.sql").read_text("utf-8")) for capability in IN_ORDER]
