from django.db import migrations, models

HISTORY = """
create table outbox_pastmessage (like outbox_message) partition by range (ended_at);
alter table outbox_pastmessage alter column ended_at set not null;
create index past_message_subject on outbox_pastmessage (client, subject_id);
create index past_message_id on outbox_pastmessage (id);
create table outbox_pastattempt (like outbox_attempt, ended_at timestamptz not null) partition by range (ended_at);
create index past_attempt_message on outbox_pastattempt (message_id);
"""
# Rows that are updated several times within seconds: room beside them, and a vacuum that comes early and does not rest.
VACUUM = """
alter table outbox_message set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table outbox_attempt set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_cost_delay = 0);
alter table outbox_workerbeat set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_cost_delay = 0);
"""
UNVACUUM = """
alter table outbox_message reset (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor,
    autovacuum_vacuum_cost_delay);
alter table outbox_attempt reset (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
alter table outbox_workerbeat reset (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
"""


class Migration(migrations.Migration):
    """Partitions by month for what is over, and settings of vacuum for what changes all the time.

    A message may move before the one that names it, so these names are no longer held by the database.
    """

    dependencies = [
        ("outbox", "0006_find_unsealed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="fallback_of",
            field=models.ForeignKey(
                "outbox.message",
                models.SET_NULL,
                null=True,
                related_name="fallbacks",
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="bundle_of",
            field=models.ForeignKey(
                "outbox.message",
                models.SET_NULL,
                null=True,
                related_name="bundled",
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(HISTORY, "drop table outbox_pastattempt; drop table outbox_pastmessage"),
        migrations.RunSQL(VACUUM, UNVACUUM),
    ]
