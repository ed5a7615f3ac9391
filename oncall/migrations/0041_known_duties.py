import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("oncall", "0040_ahead_warnings"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownDuty",
            fields=[
                (
                    "schedule",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="oncall.schedule",
                    ),
                ),
                ("until", models.DateTimeField(help_text="So far ahead it is known.")),
                ("stretches", models.JSONField(default=list, help_text="[[from, to, [who, ...]], ...]")),
            ],
        ),
    ]
