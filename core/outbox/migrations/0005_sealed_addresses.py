from django.db import migrations, models


class Migration(migrations.Migration):
    """Room for sealed addresses, and which of the processes that drain can open them."""

    dependencies = [
        ("outbox", "0004_what_is_stuck"),
    ]

    operations = [
        migrations.AddField(
            model_name="workerbeat",
            name="opens_sealed",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AlterField(
            model_name="message",
            name="address",
            field=models.CharField(max_length=1000),
        ),
    ]
