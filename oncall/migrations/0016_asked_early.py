from django.db import migrations, models


class Migration(migrations.Migration):
    """Who was paged by break-glass about a signal, before it was a row."""

    dependencies = [
        ("oncall", "0015_branches"),
    ]

    operations = [
        migrations.AddField(
            model_name="signal",
            name="asked_early",
            field=models.JSONField(
                help_text="Who was paged about it by break-glass before it was a row.", null=True
            ),
        ),
    ]
