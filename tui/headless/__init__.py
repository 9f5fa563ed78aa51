"""What scripts do: the desk without a screen, answers for programs, exit codes.

Commands of the command line (:mod:`tui.cli`) read their arguments and do their work here. Nothing here asks
a question, and nothing here knows a terminal.
"""
