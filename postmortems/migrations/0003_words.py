from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations

WRITTEN = ("summary", "impact", "factors_text", "went_well", "went_badly", "lucky", "lessons")


class Migration(migrations.Migration):
    """An index by which postmortems are found by their words; made while the product runs."""

    atomic = False
    dependencies = [("postmortems", "0002_follow_ups")]
    operations = [
        # An index on a large table takes longer than a statement of the product may.
        migrations.RunSQL("set statement_timeout = 0", "set statement_timeout = 0"),
        AddIndexConcurrently(
            "postmortem", GinIndex(SearchVector(*WRITTEN, config="simple"), name="postmortem_words")
        ),
        migrations.RunSQL("reset statement_timeout", "reset statement_timeout"),
    ]
