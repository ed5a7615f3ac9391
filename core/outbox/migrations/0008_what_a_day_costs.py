from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Count the texts and calls of a day from an index; built beside the paging that goes on."""

    atomic = False

    dependencies = [
        ("outbox", "0007_history"),
    ]

    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["channel", "taken_at"],
                condition=models.Q(channel__in=["sms", "voice"]),
                name="message_paid",
            ),
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
