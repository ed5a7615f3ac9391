"""The screens of runbooks. All of it works as plain forms."""
