"""Settings of the property tests: how long an example takes says nothing about whether it holds."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")
