"""The command `headgate`."""

from headgate.cli.app import app, main

__all__ = ["app", "main"]
