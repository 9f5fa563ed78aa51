"""The sheet of one day: what was traded, what is left of it, and who did what.

:mod:`tui.service.day_sheet.day_report` computes it from a snapshot, in steps;
:mod:`tui.service.day_sheet.day_actions` says who did what. A day is a
:class:`~tui.service.day_sheet.day_bounds.CalendarDay`.
"""
