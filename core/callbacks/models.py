from django.db import models
from django.db.models.functions import Now


class Heard(models.Model):
    """A signed call that was taken, by the digest of what was signed: the same one is not taken twice."""

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["at"], name="heard_at")]

    def __str__(self) -> str:
        return self.digest
