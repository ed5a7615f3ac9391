"""Live pages: who says `changed("board")` in an operation moves every page that shows the board."""

from core.live.publish import changed

__all__ = ["changed"]
