"""Dealers on one server, as those of the service's tests."""

from __future__ import annotations

from tests.service.conftest import colleague as colleague
from tests.service.conftest import dealer as dealer
from tests.service.conftest import server as server
