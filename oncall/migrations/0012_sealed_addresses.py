from django.db import migrations, models


class Migration(migrations.Migration):
    """Room for sealed addresses, and the keyed hash that one is found by."""

    dependencies = [
        ("oncall", "0011_several_acknowledgements"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactmethod",
            name="address_lookup",
            field=models.CharField(blank=True, db_default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="contactmethod",
            name="address",
            field=models.CharField(max_length=1000),
        ),
        migrations.AddIndex(
            model_name="contactmethod",
            index=models.Index(fields=["address_lookup"], name="contact_method_lookup"),
        ),
    ]
