from statuspage.components.admin import StatusPageAdmin

__all__ = ["StatusPageAdmin"]
