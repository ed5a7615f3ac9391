from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations

FACTS = (
    "title", "summary", "impact", "hypothesis", "next_decision", "blast_radius", "recent_changes", "who_else",
)  # fmt: skip


class Migration(migrations.Migration):
    """Indexes by which incidents are found by their words; made while the product runs."""

    atomic = False
    dependencies = [("incidents", "0011_accepted_risk")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "incident", GinIndex(SearchVector(*FACTS, config="simple"), name="incident_words")
        ),
        AddIndexConcurrently(
            "timelineentry", GinIndex(SearchVector("text", config="simple"), name="timeline_words")
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
