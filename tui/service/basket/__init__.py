"""Baskets: many orders in one table, read row by row, every fault with its line and cell."""
