from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin, on a site that asks for the password again."""

    default_site = "core.accounts.admin_site.Site"
