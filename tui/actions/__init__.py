"""The actions that write, their forms and their verbs; the whole list: :mod:`tui.screens.desk.registry`."""
