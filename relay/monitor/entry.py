"""The admin port's token, where there is one: who does not show it sees nothing but `/livez` and
`/readyz`, which supervisors and balancers ask.

    a program   Authorization: Bearer {token}
    a browser   `/?token={token}` once, or the form that it gets instead of the page. It is then
                given a cookie, which is made from the token and is no use to find it

The cookie is for this site only (SameSite=Strict) and out of reach of scripts (HttpOnly), so no
page of another site can use it, whatever name it has given to this address. Wrong tokens cost the
address that shows them time, as wrong passwords of encoders do (`relay.access.tries`). A page of
another site can show them too, in a URL or a form, from the operator's own address; never in
Authorization. So each way has its own count, and programs are not locked out by a page.
"""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.access.credentials import same_text
from relay.access.tries import Tries
from relay.clock import Clock
from relay.errors import ControlError, ControlTries, ControlUnauthorized
from relay.monitor.order import KNOWN, refusal, whole

OPEN = ("/livez", "/readyz")
COOKIE = "relay_admin"

_FORM = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>relay</title>
<body style="font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 26rem">
<h1>relay</h1>
<form method="post" action="/"><p>{said}</p>
<p><label>Token
<input name="token" type="password" autofocus autocomplete="current-password"></label>
<button>Open</button></p></form>
<p>It stands in the file that <code>[server] admin_token_file</code> names.</p>
"""


class Entry:
    """The admin port's application behind its token."""

    def __init__(self, app: ASGIApp, token: str, clock: Clock) -> None:
        self._app = app
        self._token = token
        self._cookie = hmac.digest(token.encode(), b"the relay's page", "sha256").hex()
        self._clock = clock
        self._of_pages, self._of_programs = Tries(), Tries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        shown = _bearer(headers)
        tries = self._of_programs if shown else self._of_pages
        page = scope["path"] in ("/", "/ui", "/ui/")
        if not shown and page:
            shown = await _given(scope, receive)
        if not shown and same_text(_cookie(headers), self._cookie):
            await self._app({**scope, KNOWN: True}, receive, send)
            return
        client = scope.get("client")
        address = client[0] if client else "unknown"
        wait = -(-tries.waits(address, self._clock.now()) // 1000)
        if not wait and shown and same_text(shown, self._token):
            if page and not _bearer(headers):
                await self._welcome(scope)(scope, receive, send)
            else:
                await self._app({**scope, KNOWN: True}, receive, send)
            return
        if shown and not wait:
            tries.failed(address, self._clock.now())
        await self._refuse(scope, receive, send, wait=wait, wrong=bool(shown))

    def _welcome(self, scope: Scope) -> RedirectResponse:
        answer = RedirectResponse("/ui/", 303, {"cache-control": "no-store"})
        secure = scope.get("scheme") == "https"
        answer.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict", secure=secure)
        return answer

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, *, wait: int, wrong: bool
    ) -> None:
        error: ControlError
        if wait:
            error = ControlTries(
                "Too many wrong tokens came from this address.", hint=f"Try again in {wait} s."
            )
        elif wrong:
            error = ControlUnauthorized("The token is wrong.", hint=_HINT)
        else:
            error = ControlUnauthorized("The admin port wants its token.", hint=_HINT)
        answer = refusal(scope, error)
        if "text/html" in Headers(scope=scope).get("accept", ""):
            # Nothing in it is the caller's.
            answer = HTMLResponse(
                _FORM.format(said=f"{error.message} {error.hint if wait else ''}"), error.status
            )
            answer.headers["cache-control"] = "no-store"
            answer.headers["content-security-policy"] = (
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
                " frame-ancestors 'none'"
            )
        if wait:
            answer.headers["retry-after"] = str(wait)
        else:
            answer.headers["www-authenticate"] = 'Bearer realm="relay"'
        await answer(scope, receive, send)


_HINT = "Send Authorization: Bearer with what admin_token_file holds; on a terminal: --token-file."


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def _given(scope: Scope, receive: Receive) -> str:
    """The token in the URL, or in the form."""
    try:
        said = await whole(receive) if scope["method"] == "POST" else scope["query_string"]
        found = parse_qs(said.decode("latin-1"), max_num_fields=16).get("token", [])
    except (ControlError, ValueError):
        return ""
    return found[0] if found else ""
