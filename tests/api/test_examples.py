"""The codec reads the examples of the contract, and writes them back unchanged."""

from __future__ import annotations

import re

import pytest

from tests.api.examples import FOLDER, KINDS, example, times_in, tree
from tui.api import codec


def test_every_example_of_the_contract_is_read_as_something() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == KINDS.keys()
    assert len(KINDS) == 56


@pytest.mark.parametrize("name", KINDS)
def test_an_example_comes_back_as_it_was(name: str) -> None:
    sent = example(name)
    written = codec.encode(codec.decode(KINDS[name], sent))
    assert tree(written) == tree(sent)


@pytest.mark.parametrize("name", KINDS)
def test_times_are_written_as_the_server_writes_them(name: str) -> None:
    written = tree(codec.encode(codec.decode(KINDS[name], example(name))))
    for time in times_in(written):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00", time)


@pytest.mark.parametrize("name", [name for name in KINDS if ".request" in name])
def test_a_request_of_the_contract_may_be_sent(name: str) -> None:
    sent = example(name)
    assert tree(codec.encode_request(codec.decode(KINDS[name], sent))) == tree(sent)
