import django.db.models.functions.comparison
import incidents.lifecycle.rules
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0034_service_origin'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(models.OrderBy(django.db.models.functions.comparison.Coalesce('resolved_at', 'closed_at'), descending=True), models.OrderBy(models.F('number'), descending=True), condition=models.Q(('status__in', (incidents.lifecycle.rules.Status['RESOLVED'], incidents.lifecycle.rules.Status['CLOSED']))), name='incident_ended'),
        ),
    ]
