"""How the page's files are served, and what a browser is told about them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from relay.monitor.files import PAGE, VENDOR, players, plots, policy, routes
from tests.server.wire import Answer, connected, serving

PORT = 8080
OURS = sorted(path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css", ".svg"))

Address = tuple[str, int]


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    async with serving(Starlette(routes=routes(lambda: PORT))) as where:
        yield where


async def get(address: Address, path: str, *fields: str) -> Answer:
    lines = [f"GET {path} HTTP/1.1", *(fields or ("Host: rack-1:8081",)), "", ""]
    async with connected(address) as client:
        await client.send("\r\n".join(lines).encode())
        return await client.answer(bodiless=any(f.startswith("If-None-Match") for f in fields))


@pytest.mark.parametrize("path", ["/", "/ui"])
async def test_the_root_leads_to_the_page(address: Address, path: str) -> None:
    answer = await get(address, path)
    assert (answer.status, answer.fields["location"]) == (307, "/ui/")


@pytest.mark.threat("T26")
async def test_the_page_may_run_its_own_scripts_and_reach_its_own_ports_only(
    address: Address,
) -> None:
    answer = await get(address, "/ui/")
    assert answer.status == 200
    assert answer.fields["content-type"] == "text/html; charset=utf-8"
    assert answer.fields["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self';"
        " connect-src 'self' http://rack-1:8080; media-src blob:; img-src 'self' data:;"
        " worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.fields["x-content-type-options"] == "nosniff"
    assert answer.fields["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in answer.fields


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8081", " http://127.0.0.1:8080"),
        ("[::1]:8081", " http://[::1]:8080"),
        ("relay.example", " http://relay.example:8080"),
        ("evil; script-src *", ""),
        ("evil https://other.example", ""),
        ("'unsafe-inline'", ""),
        ("", ""),
    ],
)
def test_a_host_cannot_widen_the_policy(host: str, allowed: str) -> None:
    assert f"connect-src 'self'{allowed};" in policy(host, PORT)
    assert policy(host, PORT).count(";") == policy("", 0).count(";")


@pytest.mark.parametrize("name", OURS)
async def test_our_files_are_asked_for_again_and_answered_short(
    address: Address, name: str
) -> None:
    answer = await get(address, f"/ui/{name}")
    assert (answer.status, answer.fields["x-content-type-options"]) == (200, "nosniff")
    assert answer.fields["cache-control"] == "no-cache"
    assert answer.body == (PAGE / name).read_bytes()
    again = await get(
        address, f"/ui/{name}", "Host: rack-1", f"If-None-Match: {answer.fields['etag']}"
    )
    assert again.status == 304


async def test_players_are_kept_for_ever(address: Address) -> None:
    found = players()
    assert set(found) == {"hls", "dash", "smooth"}, "the build hook has not run: make setup"
    for url in [*found.values(), plots()["script"]]:
        answer = await get(address, url)
        assert answer.status == 200
        assert answer.fields["content-type"] == "text/javascript; charset=utf-8"
        assert answer.fields["cache-control"] == "public, max-age=31536000, immutable"
        assert len(answer.body) > 50_000


async def test_plots_bring_their_style(address: Address) -> None:
    answer = await get(address, plots()["style"])
    assert (answer.status, answer.fields["content-type"]) == (200, "text/css; charset=utf-8")
    assert b".uplot" in answer.body


async def test_a_licence_lies_beside_each_player(address: Address) -> None:
    for url in (*players().values(), *plots().values()):
        folder = VENDOR / Path(url).parent.name
        licence = min(folder.glob("LICENSE*"))
        answer = await get(address, f"/ui/vendor/{folder.name}/{licence.name}")
        assert answer.fields["content-type"] == "text/plain; charset=utf-8"
        assert b"opyright" in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/ui/package-lock.json",
        "/ui/vendor/stamp",
        "/ui/vendor/../index.html",
        "/ui/..%2ffiles.py",
        "/ui/vendor/%2e%2e/%2e%2e/files.py",
        "/ui/vendor//etc/passwd",
        "/ui/none.js",
    ],
)
async def test_nothing_else_is_served(address: Address, path: str) -> None:
    assert (await get(address, path)).status == 404


def test_the_lock_pins_what_the_page_asks_for_and_names_no_host() -> None:
    wanted = json.loads((PAGE / "package.json").read_text())["dependencies"]
    lock = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    assert lock.pop("")["dependencies"] == wanted
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(entry["integrity"].startswith("sha512-") for entry in lock.values())
    assert not any("resolved" in entry for entry in lock.values())


@pytest.mark.threat("T26")
def test_no_file_of_the_page_builds_markup_from_text() -> None:
    for name in [*OURS, "index.html"]:
        text = (PAGE / name).read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, (name, way)
        if name.endswith(".html"):
            assert "<script>" not in text
            assert "style=" not in text


@pytest.mark.parametrize("name", [*OURS, "index.html"])
def test_the_page_works_without_the_internet(name: str) -> None:
    text = (PAGE / name).read_text().replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "http://" not in text.replace("`http://${location.hostname}", "")
