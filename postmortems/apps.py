from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    name = "postmortems"

    def ready(self) -> None:
        """Listen to the hub and put the entries of this app into the navigation."""
        from core.events import visibility  # noqa: PLC0415 - registries are filled when models are known
        from core.live import registry as live  # noqa: PLC0415
        from core.search.registry import Source, add  # noqa: PLC0415
        from core.ui import shell  # noqa: PLC0415
        from incidents.board.registry import set_learning  # noqa: PLC0415
        from incidents.lifecycle.registry import set_follow_up  # noqa: PLC0415
        from incidents.privacy.registry import hold  # noqa: PLC0415
        from postmortems import handlers  # noqa: F401, PLC0415
        from postmortems.action_items.operations import follow_up  # noqa: PLC0415
        from postmortems.action_items.queries import open_of  # noqa: PLC0415
        from postmortems.models import ActionItem, Postmortem  # noqa: PLC0415
        from postmortems.reports.queries import learning, may_hear, texts  # noqa: PLC0415
        from postmortems.search import queries as search  # noqa: PLC0415

        add(Source("postmortem", "Postmortems", "doc", 50, search.postmortems, search.OPERATORS))
        add(Source("action", "Action items", "action", 60, search.actions, frozenset({"is", "who"})))
        set_learning(learning)
        set_follow_up(follow_up)
        hold("postmortems", texts)
        visibility.register("postmortem", Postmortem.objects.visible_to)
        visibility.register("action_item", ActionItem.objects.visible_to)
        live.allow("postmortem", may_hear)
        live.allow("actions", live.anybody)
        shell.add_nav(shell.NavItem("Learn", "Postmortems", "doc", "postmortems:list", 10, key="p"))
        shell.add_nav(
            shell.NavItem("Learn", "Action items", "action", "postmortems:action-items", 20, counter=open_of)
        )
