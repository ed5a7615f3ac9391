from django.db import migrations

# All layers that one save made end together, when the next save counts.
VERSIONS = """
insert into oncall_scheduleversion (schedule_id, number, effective_from, effective_until, time_zone, coverage,
    is_informal, summary, created_at)
select s.id, row_number() over saved, coalesce(lag(l.until) over saved, least(l.since, s.created_at)), l.until, s.time_zone,
    '[]', false, '', now()
from oncall_schedule s
left join (
    select schedule_id, effective_until as until, min(effective_from) as since
    from oncall_layer group by schedule_id, effective_until
) l on l.schedule_id = s.id
where not exists (select from oncall_scheduleversion v where v.schedule_id = s.id)
window saved as (partition by s.id order by l.until nulls last)
"""
# The last save may have left no layer at all.
LAST = """
insert into oncall_scheduleversion (schedule_id, number, effective_from, effective_until, time_zone, coverage,
    is_informal, summary, created_at)
select s.id, v.number + 1, v.effective_until, null, s.time_zone, '[]', false, '', now()
from oncall_schedule s
join (
    select distinct on (schedule_id) schedule_id, number, effective_until
    from oncall_scheduleversion order by schedule_id, number desc
) v on v.schedule_id = s.id
where v.effective_until is not null
"""
MEMBERS = """
update oncall_layer l set version_id = v.id
from oncall_scheduleversion v
where l.version_id is null and v.schedule_id = l.schedule_id
    and v.effective_until is not distinct from l.effective_until
"""
LINEAGES = """
with place as (
    select id, schedule_id, name, row_number() over (partition by version_id, name order by position, id) as nth
    from oncall_layer
), first as (
    select id, min(id) over (partition by schedule_id, name, nth) as lineage from place
)
update oncall_layer l set lineage = first.lineage from first where first.id = l.id and l.lineage = 0
"""


class Migration(migrations.Migration):
    """Number what was saved before versions had numbers; a rotation keeps its lineage as long as its name."""

    dependencies = [("oncall", "0024_schedule_versions")]
    operations = [
        migrations.RunSQL(statement, migrations.RunSQL.noop)
        for statement in (VERSIONS, LAST, MEMBERS, LINEAGES)
    ]
