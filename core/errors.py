class Refused(Exception):
    """An operation said no for a reason a person can act on. Views show it, the API answers 409 with it."""
