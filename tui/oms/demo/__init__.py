"""The demo desk: its instruments, people and portfolios, and a morning's trading made from a seed.

Everything is invented for simulation, and everything enters the server by the same commands as any
client's writes. Importing this package costs nothing; :func:`tui.oms.demo.seeding.seed` fills a desk.
"""
