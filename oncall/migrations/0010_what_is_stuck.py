from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes by which a watcher finds what is stuck without a look at the rest; made while pages go out."""

    atomic = False
    dependencies = [("oncall", "0009_alert_verdict")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "escalation",
            models.Index(
                fields=["exhausted_at"],
                condition=models.Q(status="exhausted"),
                name="escalation_unanswered",
            ),
        ),
        AddIndexConcurrently(
            "alert",
            models.Index(
                fields=["first_at"],
                condition=models.Q(status="triggered", urgency="high", snoozed_until=None),
                name="alert_wanting",
            ),
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
