"""Runbooks in the API."""
