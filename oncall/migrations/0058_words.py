from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations


class Migration(migrations.Migration):
    """An index by which alerts are found by their words; made while pages go out."""

    atomic = False
    dependencies = [("oncall", "0057_announcements")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "alert", GinIndex(SearchVector("title", config="simple"), fastupdate=False, name="alert_words")
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
