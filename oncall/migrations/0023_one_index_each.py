from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Drop what the foreign keys and the unique constraints index already; while pages go out."""

    atomic = False
    dependencies = [("oncall", "0022_symptoms_and_causes")]
    operations = [
        # It waits for whoever reads the table, longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        RemoveIndexConcurrently("escalation", "escalation_alert"),
        RemoveIndexConcurrently("escalation", "escalation_incident"),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
