"""The documentation is about this relay: links, codes, metrics, URLs and settings are there."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from packagers import resource
from relay.config import Config
from relay.config.sample import sample
from relay.errors import OperatorError, PlayerError, RelayError
from relay.ingest import url
from relay.monitor.metrics import FAMILIES, HISTOGRAMS
from tests.docs.pages import PAGES, anchors, blocks, cells, name
from tests.docs.vocabulary import ROOT, codes, family, silent
from tests.operating import get, opened

DOCS = ROOT / "docs"
CODE = re.compile(r"`([A-Z]{2,}[A-Z0-9_]*)`")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
PLACE = {
    "NAME": "news",
    "TRACK": "video-1",
    "NUMBER": "7",
    "TIME": "20000000",
    "HASH": "abc",
    "RATE": "1",
    "ID": "1",
}


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables that begin with one code word."""
    return {row[0].strip("`"): row for row in cells(DOCS / page) if re.fullmatch("`.+`", row[0])}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for pair in LINK.findall(page.read_text("utf-8")):
        target = "".join(pair)
        if target.startswith(("https://", "http://")):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{target} is not there"
        assert not fragment or fragment in anchors(file), f"{target}: no such heading"


def test_every_page_is_found_from_the_readme() -> None:
    told = (ROOT / "README.md").read_text("utf-8")
    assert [page for page in PAGES[1:] if f"docs/{page.name}" not in told] == []


def test_every_code_word_is_explained_and_no_other() -> None:
    explained = {code for code in rows("troubleshooting.md") if CODE.fullmatch(f"`{code}`")}
    assert codes() - explained == set(), "explain them in docs/troubleshooting.md"
    assert explained - codes() == set(), "nothing utters them any more"
    for row in rows("troubleshooting.md").values():
        assert len(row) == 4
        assert all(row), row


def test_answers_have_the_status_that_is_told() -> None:
    told = rows("troubleshooting.md")
    for error in family(RelayError):
        if error.__subclasses__():
            continue
        kind = told[error.code][1]
        if issubclass(error, OperatorError):
            assert kind == f"exit {error.exit_code}"
        else:
            assert kind.startswith(f"answer {error.status}")


def test_every_line_of_the_log_has_a_code_word() -> None:
    assert silent() == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_speaks_of_a_code_word_that_is_not_there(page: Path) -> None:
    known = codes() | {"PROTECTED", "EXPOSED", "DOWN", "HEALTHCHECK", "SIGTERM", "SIGHUP"}
    spoken = {word for word in CODE.findall(page.read_text("utf-8")) if "_" in word}
    variables = {word for word in spoken if word.startswith("RELAY_")}
    assert spoken - variables - known == set()


def test_every_metric_is_explained_and_no_other() -> None:
    explained = {metric for metric in rows("metrics.md") if metric.startswith("relay_")}
    there = {**FAMILIES, **HISTOGRAMS}
    assert explained == {*there, "relay_build_info"}
    for metric, (_, labels) in there.items():
        assert rows("metrics.md")[metric][1] == ", ".join(f"`{label}`" for label in labels)


def test_every_alert_is_told() -> None:
    alerts = (ROOT / "conf/prometheus/alerts.yml").read_text()
    told = (DOCS / "metrics.md").read_text("utf-8")
    for alert in re.findall(r"alert: (\w+)", alerts):
        assert f"`{alert}`" in told


def test_every_setting_that_is_told_is_one() -> None:
    known = set(re.findall(r"(?m)^(?:# )?(\w+) = ", sample()))
    for page in PAGES:
        for text in blocks(page, "toml"):
            for key in re.findall(r"(?m)^(\w+) +=|^(\w+) =", text):
                assert "".join(key) in known, f"{name(page)}: {key}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_example_can_be_read(page: Path, tmp_path: Path) -> None:
    for text in blocks(page, "toml"):
        said = tomllib.loads(text)
        for table in said.get("channels", {}).values():
            for upstream in table.get("upstreams", {}).values():
                if upstream.get("backup_of", "") not in {"", *table["upstreams"]}:
                    del upstream["backup_of"]
        Config.model_validate(said)
    for text in blocks(page, "json"):
        json.loads(text)
    for text in blocks(page, "python"):
        compile(text, name(page), "exec")


def spelt(path: str) -> str:
    for word, value in PLACE.items():
        path = re.sub(rf"\b{word}\b|(?<=/t){word}\b|(?<=init-){word}\b", value, path)
    return path.partition("?")[0]


def paths(head: str) -> list[str]:
    """The paths in one section of the page of URLs."""
    section = (DOCS / "urls.md").read_text("utf-8").partition(f"## {head}")[2].partition("\n## ")[0]
    return [spelt(path) for path in re.findall(r"`((?:GET |POST )?/[^`]+)`", section)]


def test_the_urls_of_players_and_encoders_are_understood() -> None:
    for path in paths("Players"):
        try:
            resource.parse(path)
        except PlayerError as error:
            pytest.fail(f"{path}: {error}")
    for path in paths("Encoders"):
        assert url.parse(path).point == "news"


async def test_the_urls_of_the_operator_are_there() -> None:
    told = paths("The operator")
    assert len(told) > 8
    async with opened({"news": {}}) as house:
        described = json.loads((await get(house, "/api/v1/openapi.json", admin=True)).body)["paths"]
        for each in told:
            method, _, path = each.rpartition(" ")
            if path.startswith("/api/v1/") and not path.endswith(".json"):
                found = [
                    methods
                    for template, methods in described.items()
                    if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", f"/api/v1{template}"), path)
                ]
                assert any((method or "GET").lower() in methods for methods in found), each
            else:
                assert (await get(house, path, admin=True)).status in (200, 307), each
