"""What rows only name by their ids: instruments, portfolios, sides, properties. Read beside the rows.

None of it holds anything up: not the first screen, no poll, no write. A server that does not offer a part of
it costs that part and no more.
"""
