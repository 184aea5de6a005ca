"""The admin port with a token: nothing without it, everything with it, and the page by a cookie."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.app import House
from tests.operating import PLAIN, opened, order
from tests.server.wire import Answer, connected

TOKEN = "a-good-token-of-24-chars"
BEARER = f"Authorization: Bearer {TOKEN}"
PREFER = "/api/v1/channels/news/prefer"


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "admin").write_text(f"{TOKEN}\n")
    return str(tmp_path / "admin")


async def ask(house: House, line: str, *fields: str, body: bytes = b"") -> Answer:
    host, port = house.addresses[1]
    head = [f"{line} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}", *fields]
    async with connected(house.addresses[1]) as client:
        await client.send("\r\n".join([*head, "", ""]).encode() + body)
        return await client.answer()


@pytest.mark.threat("T30")
async def test_nothing_is_to_be_had_without_it(file: str) -> None:
    with capture_logs() as log:
        async with opened({"news": PLAIN}, admin_token_file=file) as house:
            for path in (
                "/",
                "/ui/",
                "/ui/page.js",
                "/metrics",
                "/api/v1/status",
                "/api/v1/events",
            ):
                for field in ("X: y", "Authorization: Bearer wrong", "Cookie: relay_admin=wrong"):
                    answer = await ask(house, f"GET {path}", field)
                    assert answer.status in (401, 429)
                    assert answer.fields["content-type"] == "application/problem+json"
                    assert TOKEN.encode() not in answer.body
            for path in ("/livez", "/readyz"):
                assert (await ask(house, f"GET {path}")).status == 200
            before = house.channels["news"].preferred
            assert (await order(house, PREFER, {"source": "enc_a"}))[0] in (401, 429)
            assert house.channels["news"].preferred is before
    refused = {line["code"] for line in log if line["event"] == "refused"}
    assert refused == {"CONTROL_UNAUTHORIZED"}


async def test_everything_is_to_be_had_with_it(file: str) -> None:
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        for path in ("/ui/", "/metrics", "/api/v1/status", "/api/v1/channels"):
            assert (await ask(house, f"GET {path}", BEARER)).status == 200
        # By any name: only who has the token comes so far.
        done = await order(house, PREFER, {"source": "enc_a"}, BEARER, host="relay.example:8081")
        assert done[0] == 200
        evil = "Origin: http://evil.example"
        assert (await order(house, PREFER, {"source": None}, BEARER, evil))[0] == 403


@pytest.mark.parametrize("by_form", [False, True])
async def test_a_browser_gets_a_cookie_for_it(file: str, by_form: bool) -> None:
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        form = await ask(house, "GET /", "Accept: text/html")
        assert (form.status, form.fields["content-type"]) == (401, "text/html; charset=utf-8")
        assert b'name="token"' in form.body
        if by_form:
            kind = "Content-Type: application/x-www-form-urlencoded"
            answer = await ask(house, "POST /", kind, body=f"token={TOKEN}".encode())
        else:
            answer = await ask(house, f"GET /?token={TOKEN}")
        assert (answer.status, answer.fields["location"]) == (303, "/ui/")
        cookie, *rest = answer.fields["set-cookie"].split("; ")
        assert {word.lower() for word in rest} >= {"httponly", "samesite=strict", "path=/"}
        assert TOKEN not in cookie
        assert (await ask(house, "GET /ui/", f"Cookie: {cookie}")).status == 200
        body = b'{"source": "enc_a"}'
        host, port = house.addresses[1]
        fields = (f"Cookie: {cookie}", "Content-Type: application/json")
        ours = await ask(
            house, f"POST {PREFER}", *fields, f"Origin: http://{host}:{port}", body=body
        )
        assert ours.status == 200
        theirs = await ask(
            house, f"POST {PREFER}", *fields, "Origin: http://evil.example", body=body
        )
        assert theirs.status == 403
    # It ends with the token.
    Path(file).write_text("another-token-of-24-chars")
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        assert (await ask(house, "GET /ui/", f"Cookie: {cookie}")).status == 401


@pytest.mark.threat("T30")
async def test_guessing_costs_time_and_locks_nobody_out_who_is_in(file: str) -> None:
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        cookie = (await ask(house, f"GET /?token={TOKEN}")).fields["set-cookie"].split(";")[0]
        answers = [
            await ask(house, "GET /metrics", "Authorization: Bearer guess") for _ in range(12)
        ]
        assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
        assert int(answers[-1].fields["retry-after"]) > 0
        assert (await ask(house, "GET /metrics", BEARER)).status == 429
        assert (await ask(house, "GET /metrics", f"Cookie: {cookie}")).status == 200


@pytest.mark.threat("T30")
async def test_a_page_of_another_site_does_not_lock_programs_out_by_wrong_tokens(file: str) -> None:
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        theirs = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
        answers = [await ask(house, "GET /?token=guess", *theirs) for _ in range(12)]
        assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
        assert (await ask(house, f"GET /?token={TOKEN}")).status == 429
        assert (await ask(house, "GET /metrics", BEARER)).status == 200


@pytest.mark.parametrize("said", ["token=" + "a" * 20_000, "token=%ff", "&" * 100, "token", ""])
async def test_a_form_of_anything_is_only_wrong(file: str, said: str) -> None:
    async with opened({"news": PLAIN}, admin_token_file=file) as house:
        assert (await ask(house, "POST /", body=said.encode())).status == 401
        assert (await ask(house, f"GET /?{said[:500]}")).status == 401
