"""Injected faults, as a client sees them over a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.oms.contract_scenario import body_of
from tests.paths import ROOT
from tui.api import operations
from tui.input_files.mistakes import CheckError
from tui.oms.faults.scenario import KINDS, read_faults

JSON = {"content-type": "application/json"}
CREATE = "/ordermanagement/createorders"


@contextmanager
def serving(*options: str) -> Iterator[tuple[httpx.Client, list[str]]]:
    """Run ``blotter serve`` with options; yield a client of it and the list of its lines on stderr."""
    command = [
        sys.executable,
        "-m",
        "tui",
        "serve",
        "--port",
        "0",
        "--db",
        ":memory:",
        *options,
    ]
    variables = {**os.environ, "BLOTTER_TOKEN": "T"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=variables
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        with httpx.Client(base_url=url, headers={"authorization": "Bearer T"}, timeout=20) as client:
            yield client, said
    finally:
        process.terminate()
        said.append(process.communicate(timeout=20)[1])


def create(client: httpx.Client, number: int) -> httpx.Response:
    body = body_of("01_create_orders")
    for name in ("ORD", "BLK"):
        body = body.replace(f"{name}-".encode(), f"{name}-{number}-".encode())
    return client.post(CREATE, content=body, headers=JSON)


NO_ANSWER = (httpx.RemoteProtocolError, httpx.ReadError)
"""Errors of a connection that ended: by its end, or by a reset when its body was not read yet."""


def orders(client: httpx.Client) -> int:
    return len(client.get("/orders").json()["values"])


def test_each_fault_over_a_socket() -> None:
    """One server, one fault for each call in turn; the effect is read back every time."""
    does = [
        ("rate-limited", "retry_after=3"),
        ("signed-off", ""),
        ("denied", ""),
        ("absent", ""),
        ("failed-before", "status=503 retry_after=9"),
        ("failed-after", ""),
        ("delayed", "seconds=0.2"),
        ("delayed-after", "seconds=0.2"),
        ("cut-before", ""),
        ("cut-after", ""),
        ("cut-inside", ""),
        ("truncated", ""),
        ("html", ""),
    ]
    assert [name for name, _ in does] == [kind.name for kind in KINDS if not kind.only]
    asked = [
        part
        for number, (name, more) in enumerate(does)
        for part in ("--inject", f"{name} create_orders after={number} first=1 {more}".strip())
    ]
    seen: dict[str, httpx.Response] = {}
    done: dict[str, bool] = {}
    with serving(*asked) as (client, said):
        for number, (name, _) in enumerate(does):
            before, began = orders(client), time.monotonic()
            if name.startswith("cut"):
                with pytest.raises(NO_ANSWER):
                    create(client, number)
            else:
                seen[name] = create(client, number)
                assert seen[name].headers["blotter-fault"] == name
                assert "delayed" not in name or time.monotonic() - began >= 0.2
            done[name] = orders(client) - before == 5
            assert orders(client) - before in (0, 5)
        usual = create(client, 99)
        assert (usual.status_code, "blotter-fault" in usual.headers) == (201, False)
        assert "cut-after create_orders" in usual.headers["blotter-faults"]
    assert said[0].startswith("blotter serve: Faults are injected as requested: rate-limited create_orders")
    assert done == {kind.name: kind.done for kind in KINDS if not kind.only}
    assert {name: answer.status_code for name, answer in seen.items()} == {
        "rate-limited": 429,
        "signed-off": 401,
        "denied": 403,
        "absent": 404,
        "failed-before": 503,
        "failed-after": 500,
        "truncated": 201,
        "html": 201,
        "delayed": 201,
        "delayed-after": 201,
    }
    assert seen["rate-limited"].headers["retry-after"] == "3"
    assert seen["failed-before"].headers["retry-after"] == "9"
    assert [seen[name].json()["code"] for name in ("rate-limited", "signed-off", "denied")] == [103, 187, 186]
    assert seen["truncated"].text.startswith('{"values":[')
    assert not seen["truncated"].text.endswith("}")
    assert seen["html"].headers["content-type"].startswith("text/html")


def test_a_scenario_declares_faults_endpoints_and_frequencies(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        """
        seed = 11
        [[faults]]
        fault = "rate-limited"
        on = "list_*"
        every = 3
        [[faults]]
        fault = "failed-before"
        on = "writes"
        first = 2
        after = 1
        [[faults]]
        fault = "signed-off"
        on = "get_order"
        chance = 0.5
        """,
        encoding="utf-8",
    )
    with serving("--scenario", str(file)) as (client, _):
        assert [client.get("/orders").status_code for _ in range(6)] == [200, 200, 429, 200, 200, 429]
        assert [create(client, number).status_code for number in range(4)] == [201, 500, 500, 201]
        drawn = [client.get("/orders/Desk/ORD-0-1").status_code for _ in range(40)]
        assert client.get("/blocks/Desk/BLK-0-1").status_code == 200
    again = read_faults((), file)
    assert again is not None
    struck = [again.strike(operations.ORDERS.get) is not None for _ in range(40)]
    assert [status == 401 for status in drawn] == struck, "one seed gives one day"
    assert 5 < sum(struck) < 35


def test_the_token_endpoint_has_its_faults_too() -> None:
    with serving("--inject", "rate-limited token first=1") as (client, _):
        address = str(client.base_url).replace("/api/", "/oauth2/x/v1/token")
        form = {"grant_type": "password", "username": "dealer", "password": "T"}
        assert [client.post(address, data=form).status_code for _ in range(2)] == [429, 200]


def test_without_a_request_no_fault_is_injected() -> None:
    with serving() as (client, said):
        answer = create(client, 1)
        assert not [name for name in answer.headers if name.startswith("blotter")]
    assert said == [""]
    assert read_faults((), None) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not FAULT [ENDPOINT] [NAME=VALUE ...]."),
        ("cut-after a b", "is not FAULT [ENDPOINT] [NAME=VALUE ...]."),
        ("every=3 cut-after", "is not FAULT [ENDPOINT] [NAME=VALUE ...]."),
        ("explode", 'fault: there is no fault "explode"; there are rate-limited, signed-off, denied,'),
        ("cut-after nowhere", 'on: no endpoint is called "nowhere"; there are create_orders, '),
        ("cut-after every=0", "every: 0 is not allowed; it must be a whole number from 1 to 1000000."),
        ("cut-after every=two", 'every: "two" is not allowed; it must be a whole number from 1 to 1000000.'),
        ("cut-after chance=2", "chance: 2 is not allowed; it must be a number above 0 and at most 1."),
        ("cut-after chance=NaN", "chance: NaN is not allowed; it must be a number above 0"),
        ("delayed seconds=-1", "seconds: -1 is not allowed; it must be a number above 0 and at most 3600."),
        ("cut-after often=1", "often: is not known here; there are fault, on, after, first, every,"),
        ("cut-after status=500", "status: cut-after takes none; take it away."),
        ("failed-after status=404", "status: 404 is not allowed; it must be a whole number from 500 to 599."),
        ("delayed", "seconds: is missing; delayed needs seconds=N."),
    ],
)
def test_an_impossible_fault_is_reported(text: str, sentence: str) -> None:
    with pytest.raises(CheckError) as refused:
        read_faults([text], None)
    assert sentence.strip("`") in str(refused.value)


def test_an_unreadable_scenario_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    with pytest.raises(CheckError, match="cannot be read: No such file"):
        read_faults((), file)
    for text, sentence in (
        ("[[fault]]", "line 1: fault: is not known here; perhaps faults is meant"),
        ("[[faults]", "is not TOML"),
        ("seed = 'x'", 'line 1: seed: "x" is not allowed; it must be a whole number'),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(CheckError, match=sentence):
            read_faults((), file)


def test_all_mistakes_are_reported_at_once_wherever_they_are(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[faults]]\nfault = "html"\non = "list_orders"\n\n'
        '[[faults]]\nfault = "htm"\non = "everywhere"\nfirst = 0\n'
    )
    with pytest.raises(CheckError) as refused:
        read_faults(["delayed", "cut-after first=0 status=500"], file)
    told = str(refused.value).splitlines()
    assert [line.partition(";")[0] for line in told] == [
        f'{file}, line 6: [[faults]] number 2, fault: there is no fault "htm"',
        f'{file}, line 7: [[faults]] number 2, on: no endpoint is called "everywhere"',
        f"{file}, line 8: [[faults]] number 2, first: 0 is not allowed",
        "--inject 'delayed': seconds: is missing",
        "--inject 'cut-after first=0 status=500': first: 0 is not allowed",
        "--inject 'cut-after first=0 status=500': status: cut-after takes none",
    ]
