"""The OpenAPI document says what the API does, and the API does what it says."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import relay.errors
from relay.app import House
from relay.errors import ControlError
from tests.operating import get, opened, push
from tests.server.wire import eventually

HERE = Path(__file__).parent
CONF = """
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[store]
kind = "memory"
[channels.news]
fragment_duration = "2"
[channels.news.upstreams.eu]
url = "http://127.0.0.1:9/live/news.isml"
[channels.film]
"""


async def document(house: House) -> dict[str, Any]:
    answer = await get(house, "/api/v1/openapi.json", admin=True)
    said: dict[str, Any] = json.loads(answer.body)
    assert answer.status == 200
    return said


async def test_everything_is_described(tmp_path: Path) -> None:
    async with opened({"news": {}}) as house:
        said = await document(house)
    assert said["openapi"].startswith("3.1")
    tags = {tag["name"] for tag in said["tags"]}
    codes = {name for name, error in vars(relay.errors).items() if _refusal(error)}
    assert codes
    for path, methods in said["paths"].items():
        for method, told in methods.items():
            at = f"{method} {path}"
            assert told["summary"], at
            assert told["description"].endswith((".", "`")), at
            assert set(told["tags"]) <= tags, at
            assert any(status.startswith("2") for status in told["responses"]), at
            for status, answer in told["responses"].items():
                assert answer["description"], at
                if not status.startswith("2"):
                    assert set(answer["content"]) == {"application/problem+json"}, at
    text = json.dumps(said["paths"])
    named = set(re.findall(r"CONTROL_[A-Z_]+", text))
    assert named <= {getattr(relay.errors, name).code for name in codes}
    for ref in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(said)):
        assert ref in said["components"]["schemas"]


def _refusal(error: object) -> bool:
    return isinstance(error, type) and issubclass(error, ControlError)


async def test_it_needs_nothing_of_other_sites() -> None:
    async with opened({"news": {}}) as house:
        for path in ("/docs", "/redoc", "/api/v1/docs", "/api/v1/redoc"):
            assert (await get(house, path, admin=True)).status == 404


@pytest.mark.timeout(300)
async def test_it_holds_whatever_is_asked(tmp_path: Path) -> None:
    """Schemathesis: what the document allows is done, and what it does not allow is refused."""
    conf = tmp_path / "relay.toml"
    conf.write_text(CONF)
    async with opened({}, conf=conf) as house:
        assert (await push(house, 0, 2, "/news.isml/Streams(main)?source=enc_a")).status == 200
        assert await eventually(lambda: house.channels["news"].tally.sources() != [])
        host, port = house.addresses[1]
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"http://{host}:{port}/api/v1/openapi.json"),
            *("--exclude-path", "/events"),  # it never ends
            *("--phases", "examples,coverage,fuzzing"),
            *("--checks", "all", "--warnings", "off", "--no-color"),
            *("--generation-database", "none"),
            *("-n", "300" if os.environ.get("LONG") else "3"),
            *(() if os.environ.get("LONG") else ("--seed", "1")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
        )
        said, _ = await ran.communicate()
        assert ran.returncode == 0, said.decode()
        assert re.search(r"[1-9][0-9]+ generated, ([0-9]+) passed", said.decode())
        assert (await get(house, "/readyz", admin=True)).status == 200
