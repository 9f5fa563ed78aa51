"""The command line: its arguments, and the commands that need no desk."""

from tui.cli.arguments import main, parser

__all__ = ["main", "parser"]
