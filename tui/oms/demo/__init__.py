"""The demo desk: its instruments, people and portfolios, and a morning's trading made from a seed.

All data is invented for simulation and enters the server through the commands that clients use. Importing
this package loads nothing; :func:`tui.oms.demo.seeding.seed` fills a desk.
"""
