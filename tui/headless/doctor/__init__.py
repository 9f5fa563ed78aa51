"""``blotter doctor``: what looks wrong, and one file about it that a user can send to others.

:mod:`~tui.headless.doctor.examination` looks at machine, files, server and desk;
:mod:`~tui.headless.doctor.unsayable` knows what must not leave, and
:mod:`~tui.headless.doctor.bundle` writes the file and checks it.
"""
