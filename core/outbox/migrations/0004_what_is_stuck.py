from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes by which a watcher finds what is stuck without a look at the rest; made while pages go out."""

    atomic = False
    dependencies = [("outbox", "0003_bundling")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["lease_until"], condition=models.Q(state="sending"), name="message_leased"
            ),
        ),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["ended_at"],
                condition=models.Q(state__in=["expired", "unknown"]),
                name="message_lost",
            ),
        ),
        AddIndexConcurrently(
            "attempt",
            models.Index(
                fields=["started_at"], condition=models.Q(outcome="unknown"), name="attempt_unknown"
            ),
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
