"""The house: who may import whom, and what is not loaded before it is needed.

The contract itself is written once, in pyproject.toml; here it is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

HEAVY = frozenset(
    {"click", "httpx", "lusid", "msgspec", "pydantic", "rich", "sqlite3", "starlette", "textual", "uvicorn"}
)

EVERY_MODULE_OF = """
import importlib, pkgutil
for room in {rooms}:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        importlib.import_module(module.name)
"""


def loaded_by(code: str) -> frozenset[str]:
    """Return the heavy packages a new interpreter has loaded after running ``code``."""
    report = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return HEAVY & frozenset(json.loads(answer.stdout.splitlines()[-1]))


def test_no_room_imports_what_it_may_not() -> None:
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    answer = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "0 broken" in answer.stdout


def test_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_by("import tui.cli") == frozenset()
    assert loaded_by("import tui.__main__") == frozenset()


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_asking_for_the_version_or_help_loads_nothing_heavy(option: str) -> None:
    code = f"""
from tui.cli import main
try:
    main([{option!r}])
except SystemExit as end:
    assert not end.code
"""
    assert loaded_by(code) == frozenset()


def test_a_wrong_option_is_told_before_anything_is_loaded() -> None:
    code = """
from tui.cli import main
try:
    main(["--no-such-option"])
except SystemExit as end:
    assert end.code == 2
"""
    assert loaded_by(code) == frozenset()


def test_the_client_loads_httpx_without_its_command_line() -> None:
    assert loaded_by("import tui.api.http") == {"httpx", "msgspec"}
    assert "click" in loaded_by("import tui.api.http, click"), "everybody else still finds it"


def test_models_and_codec_need_neither_network_nor_database() -> None:
    loaded = loaded_by("import tui.api.codec, tui.api.operations, tui.api.states, tui.api.errors")
    assert loaded == {"msgspec"}


def test_the_client_waits_for_the_network_until_it_is_used() -> None:
    assert loaded_by("import tui.api.client, tui.service.desk") == {"msgspec"}


@pytest.mark.parametrize("room", ["tui.service", "tui.api", "tui.oms", "tui.config"])
def test_no_module_of_a_room_without_a_screen_loads_a_terminal(room: str) -> None:
    loaded = loaded_by(EVERY_MODULE_OF.format(rooms=[room]))
    assert "textual" not in loaded
    assert "rich" not in loaded


def test_no_module_of_the_embedded_server_loads_the_client() -> None:
    assert "httpx" not in loaded_by(EVERY_MODULE_OF.format(rooms=["tui.oms"]))


def test_the_screen_is_there_before_network_and_database_are_loaded() -> None:
    assert not loaded_by("import tui.app") & {"httpx", "sqlite3", "starlette", "uvicorn"}


def test_the_first_page_comes_before_the_verbs_and_the_dialogs() -> None:
    start = "import sys, tui.app, tui.api.client, tui.api.http, tui.oms.run.embedded, tui.service.desk"
    late = (
        "tui.oms.rules.placing",
        "tui.service.writes.preview",
        "tui.service.verbs",
        "tui.screens.dialogs.send_flow",
    )
    loaded_by(f"{start}\nassert not sys.modules.keys() & set({late})")


LOADED_LATER = """
import ast, sys
from importlib.util import find_spec
from pathlib import Path
import tui.app, tui.api.client, tui.api.http, tui.oms.run.embedded, tui.service.desk

HOUSE = ("tui", "widgets", "styles")
loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in HOUSE}

def named(line):
    for name in line.names:
        inner = f"{line.module}.{name.name}"
        is_module = find_spec(line.module).submodule_search_locations and find_spec(inner)
        yield inner if is_module else line.module

later = {
    (name, inner)
    for name, module in loaded.items()
    for function in ast.walk(ast.parse(Path(module.__file__).read_text()))
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    for line in ast.walk(function)
    if isinstance(line, ast.ImportFrom) and line.module.partition(".")[0] in HOUSE
    for inner in named(line)
}
assert len(later) > 20, later
assert not (wrong := [f"{name} waits to load {inner}" for name, inner in later if inner in loaded]), wrong
"""


LOADED_BY_THE_LOOP = """
import asyncio, sys, threading
import tui.app
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.oms.run.embedded import Embedded
from tui.service.desk import Desk
from tui.service.desk_profile import DeskProfile, QuoteSeries
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Ref

class Watch:
    def find_spec(self, name, path=None, target=None):
        in_loop = threading.current_thread() is threading.main_thread()
        assert not in_loop or not name.startswith(("tui.api.", "tui.service.")), f"the loop loads {name}"

async def read():
    embedded = await Embedded.open(None, size="demo", market=False)
    client = Client(Http("http://embedded/api", transport=asgi_transport(embedded.app)))
    profile = DeskProfile(quotes=QuoteSeries("demo"))
    desk = Desk(client, Environment("demo", EnvironmentKind.LOCAL), profile=profile)
    sys.meta_path.insert(0, Watch())
    assert await desk.load()
    await desk.beside.read_permissions()
    await desk.beside.read_reference()
    await desk.beside.read_quotes([Ref(EntityKind.ORDERS, id) for id in desk.snapshot.orders])
    assert desk.snapshot.records.instruments
    await desk.close()
    await client.close()
    await embedded.close()

asyncio.run(read())
"""


def test_the_first_load_of_a_desk_holds_no_key_up_by_loading_modules() -> None:
    loaded_by(LOADED_BY_THE_LOOP)


FIRST_SCREEN = """
import asyncio, sys
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.app import BlotterApp
from tui.connection import Connection
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind

class Silent(AsyncBaseTransport):
    async def handle_async_request(self, request):
        await asyncio.Event().wait()

async def connect():
    desk = Desk(Client(Http("http://silent", transport=Silent())), environment)
    return Connection(desk, desk.client.close)

async def show():
    app = BlotterApp(environment, connect)
    async with app.run_test() as pilot:
        while app.session.desk is None:
            await pilot.pause()
        app.screen.show_status()

environment = Environment("demo", EnvironmentKind.LOCAL)
asyncio.run(show())
"""


def test_the_first_screen_comes_before_what_tickets_are_told() -> None:
    late = ("tui.service.reference.ticket_facts", "tui.service.reference.reference_reader")
    loaded_by(f"{FIRST_SCREEN}\nassert not sys.modules.keys() & set({late})")


def test_what_a_function_loads_when_it_is_needed_was_not_loaded_at_the_start() -> None:
    loaded_by(LOADED_LATER)


def test_a_start_on_the_embedded_server_loads_nothing_of_signing_on() -> None:
    start = (
        "import sys, tui.app, tui.start, tui.api.client, tui.api.http, tui.oms.run.embedded, tui.service.desk"
    )
    late = (
        "tui.signon",
        "tui.config.profiles",
        "tui.config.token_files",
        "tui.api.auth",
        "tui.oms.http.token_endpoint",
    )
    loaded_by(f"{start}\nassert not sys.modules.keys() & set({late})")


STARTED = """
import os, sys
from pathlib import Path
from tui import start
from tui.app import BlotterApp
BlotterApp.run = lambda app: None
os.environ.update(TEXTUAL_DRIVER="textual.drivers.headless_driver:HeadlessDriver", BLOTTER_CONFIG={config!r})
os.environ.update(dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME"), {home!r}))
from tui.cli import main
assert main({arguments}) == 0
"""


@pytest.mark.parametrize("arguments", [[], ["demo", "--db", ":memory:"], ["--url", "http://127.0.0.1:1/api"]])
def test_a_start_without_a_settings_file_checks_nothing(arguments: list[str], tmp_path: Path) -> None:
    started = STARTED.format(config=str(tmp_path / "config.toml"), home=str(tmp_path), arguments=arguments)
    late = ("tui.input_files.toml_lines", "tui.config.settings_file", "tui.config.secrets_file")
    assert "pydantic" not in loaded_by(f"{started}\nassert not sys.modules.keys() & set({late})")
    (tmp_path / "config.toml").write_text("ascii = true\n")
    assert "pydantic" in loaded_by(started), "a file is checked by it"


READ = """
import os
os.environ.update(dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), {home!r}))
os.environ["BLOTTER_CONFIG"] = {config!r}
from tui.cli import main
assert main(["exceptions", "--json", "--columns", "row", "--url", "http://127.0.0.1:9/api"]) == 5
"""


def test_a_command_without_a_screen_loads_nothing_of_one_whatever_the_settings_say(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('theme = "mono"\n[keys]\nhistory = "H"\n')
    assert not loaded_by(READ.format(home=str(tmp_path), config=str(config))) & {"textual", "rich", "click"}


def test_a_server_without_files_checks_nothing() -> None:
    serve = "from tui.oms.run import serve\nserve.asyncio.run = lambda served: served.close()\n"
    assert "pydantic" not in loaded_by(f"{serve}assert serve.run(port=0, token='t') == 0")
    assert "pydantic" in loaded_by(f"{serve}assert serve.run(port=0, token='t', inject=['denied']) == 0")


def test_nothing_loads_the_official_sdk() -> None:
    assert "lusid" not in loaded_by(EVERY_MODULE_OF.format(rooms=["tui", "widgets", "styles"]))
