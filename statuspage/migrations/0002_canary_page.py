from django.db import migrations, models


class Migration(migrations.Migration):
    """A page on which the product tries whether publishing works."""

    dependencies = [
        ("statuspage", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="statuspage",
            name="is_canary",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
