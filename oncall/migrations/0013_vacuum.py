from django.db import migrations

BUSY = ("oncall_escalation", "oncall_page", "oncall_alert", "oncall_signal")
SET = (
    "alter table {} set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01,"
    " autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)"
)
RESET = (
    "alter table {} reset (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor,"
    " autovacuum_vacuum_cost_delay)"
)


class Migration(migrations.Migration):
    """Room beside rows that change several times within seconds, and a vacuum that comes early."""

    dependencies = [
        ("oncall", "0012_sealed_addresses"),
    ]

    operations = [migrations.RunSQL(SET.format(table), RESET.format(table)) for table in BUSY]
