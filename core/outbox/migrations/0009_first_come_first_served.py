from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Let what is due at the same moment go in the order in which it came; made while pages go out."""

    atomic = False
    dependencies = [("outbox", "0008_what_a_day_costs")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "message",
            models.Index(
                fields=["lane", "due_at", "id"],
                condition=models.Q(state__in=["pending", "sending"]),
                name="message_next",
            ),
        ),
        RemoveIndexConcurrently("message", "message_due"),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
