"""The second migration: the stages of a loan's life before and after it is repaid, and what they ask of the ground."""

from importlib.resources import files

from django.db import migrations

IN_ORDER = (
    "collateral",
    "applications",
    "confirmation",
    "decisioning",
    "contracts",
    "pledges",
    "payments",
    "restructuring",
    "release",
)


class Migration(migrations.Migration):
    """Changes what the first migration made, then runs the `schema.sql` of each new stage once."""

    dependencies = [("holdfast", "0001_the_book")]
    operations = [
        migrations.RunSQL((files("holdfast") / "migrations" / "0002_ground.sql").read_text("utf-8")),
        *(migrations.RunSQL((files("holdfast") / capability / "schema.sql").read_text("utf-8")) for capability in IN_ORDER),
        migrations.RunSQL((files("holdfast") / "takeover" / "shadow.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "ledger" / "accrual.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "contact" / "receipts.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "contact" / "calls.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "contact" / "inbound.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "contact" / "texts.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "duties" / "owners.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "servicing" / "promises.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "servicing" / "reminder_plans.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "promises.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "complaints.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "visits.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "strategies.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "reviews.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "settlements.sql").read_text("utf-8")),
        migrations.RunSQL((files("holdfast") / "followup" / "performance.sql").read_text("utf-8")),
    ]
