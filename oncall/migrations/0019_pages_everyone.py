from django.db import migrations, models

FLAG = """
update oncall_level set pages_everyone = true
where id in (select level_id from oncall_target where team_id is not null)"""
"""Levels that ask a whole team already go on doing so."""


class Migration(migrations.Migration):
    dependencies = [("oncall", "0018_pages_per_night")]

    operations = [
        migrations.AddField(
            model_name="level",
            name="pages_everyone",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="It may ask a whole team. Without it a level asks people, turns of schedules and channels alone.",
            ),
        ),
        migrations.RunSQL(FLAG, migrations.RunSQL.noop),
    ]
