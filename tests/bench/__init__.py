"""Benchmarks: they print figure, target and ratio, and never fail.

``python -m tests.bench`` runs all of them, ``python -m tests.bench grid start`` those named.
"""
