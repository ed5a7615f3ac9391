from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:  # noqa: PLR0915 - a line for each registry
        """Listen to the hub and put the entries of this app into the navigation."""
        from core.events import visibility  # noqa: PLC0415 - registries are filled when models are known
        from core.live import registry as live  # noqa: PLC0415
        from core.ui import shell  # noqa: PLC0415
        from core.watch import registry as watch  # noqa: PLC0415
        from incidents.closing import registry as closing  # noqa: PLC0415
        from incidents.privacy.registry import hold  # noqa: PLC0415
        from incidents.ties import registry as ties  # noqa: PLC0415
        from incidents.updates.registry import set_public_outlet  # noqa: PLC0415
        from statuspage import handlers  # noqa: F401, PLC0415
        from statuspage.models import Component, StatusPage  # noqa: PLC0415
        from statuspage.notices.outlet import Outlet  # noqa: PLC0415
        from statuspage.notices.queries import about_visible, open_of, still_shown, texts  # noqa: PLC0415
        from statuspage.trial import operations as trial  # noqa: PLC0415
        from statuspage.trial import queries as trials  # noqa: PLC0415

        watch.add(watch.Check(name="publishing", title="Publishing", order=9, look=trials.look))
        watch.add_chore(watch.Chore("the test notice", 20, trial.try_publishing))
        set_public_outlet(Outlet())
        closing.add_finding("public", still_shown)
        ties.set_notices(open_of)
        hold("statuspage", texts)
        visibility.register("notice", about_visible)
        visibility.register("status_page", lambda _user: StatusPage.objects.all())
        visibility.register("component", lambda _user: Component.objects.all())
        live.allow("statuspage", live.anybody)
        shell.add_nav(shell.NavItem("Tell", "Status pages", "globe", "statuspage:pages", 10, key="s"))
