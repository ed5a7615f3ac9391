from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what earlier versions stored in the clear; built beside the paging that goes on."""

    atomic = False

    dependencies = [
        ("outbox", "0005_sealed_addresses"),
    ]

    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["id"],
                condition=~models.Q(address__startswith="sealed:") & ~models.Q(channel__in=["email", "null"]),
                name="message_unsealed",
            ),
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
