"""Servers and SDK clients for the tests, and the check of what each test claims to prove.

A test marked ``proves(method, outcome)`` must have seen that method end that way. ``test_coverage`` checks
that the marks cover the contract. In a mark, ``{singular}`` and ``{plural}`` stand for each kind of entity.

The SDK is imported only by tests that need it: where it is not installed they are skipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from tests.compat.serving import Generation, ServeProcess, served
from tests.paths import ROOT

MARK = "proves(method, outcome): this method of the SDK is seen to end so: success, partial or failure"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that need a server once against each generation that this SDK should work with."""
    if "generation" in metafunc.fixturenames:
        from tests.compat.sdk import GENERATIONS

        metafunc.parametrize("generation", GENERATIONS, scope="module")
    if "flavour" in metafunc.fixturenames:
        metafunc.parametrize("flavour", ["sync", "async"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Check every claim of a test against the calls it made."""
    claims = [mark.args for mark in item.iter_markers("proves")]
    if not claims:
        return (yield)
    from tests.compat.sdk import CALLS

    CALLS.clear()
    result = yield
    assert isinstance(item, pytest.Function)
    case: Any = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    for method, outcome in claims:
        name = case.named(method) if case else method
        assert (name, outcome) in CALLS, f"{item.name} claims {outcome} of {name} and saw {sorted(CALLS)}"
    return result


@pytest.fixture(autouse=True)
def one_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust one certificate: each client would read all of the machine's, and servers here have none."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ROOT / "tests/api/certificates/ca.pem"))


@pytest.fixture(scope="module")
def server(generation: Generation) -> Iterator[ServeProcess]:
    """One server for the tests of a module, each in a scope of its own."""
    with served(generation=generation) as running:
        yield running


@pytest.fixture(scope="module")
def demo_server(generation: Generation) -> Iterator[ServeProcess]:
    """One server with the demo's data for the tests of a module."""
    with served("--size", "demo", generation=generation) as running:
        yield running


@pytest.fixture
async def demo(demo_server: ServeProcess, flavour: Any) -> AsyncIterator[Any]:
    """The SDK, signed on to the server with the demo's data."""
    from tests.compat.sdk import desk_of

    async with desk_of(demo_server, flavour) as made:
        yield made


@pytest.fixture
def own_server(generation: Generation) -> Iterator[ServeProcess]:
    """A server for one test alone, which may name things as the contract does."""
    with served(generation=generation) as running:
        yield running


@pytest.fixture
async def desk(server: ServeProcess, flavour: Any) -> AsyncIterator[Any]:
    """The SDK, signed on to the module's server."""
    from tests.compat.sdk import desk_of

    async with desk_of(server, flavour) as made:
        yield made


@pytest.fixture
async def own_desk(own_server: ServeProcess, flavour: Any) -> AsyncIterator[Any]:
    """The SDK, signed on to the test's own server."""
    from tests.compat.sdk import desk_of

    async with desk_of(own_server, flavour) as made:
        yield made


@pytest.fixture
def scope(request: pytest.FixtureRequest) -> str:
    """A scope of this test alone, for those who share a server."""
    return "".join(char for char in request.node.name if char.isalnum())[-60:]
