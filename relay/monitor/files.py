"""The page's files, and how a browser is told to treat them.

Our own are asked for again each time and mostly answered 304; those of others lie in a folder per
version and are kept for ever. The policy lets the page run its own scripts, talk to this port and
to the playback port of the same host, and nothing else: names that strangers chose could not become
scripts even if the page put them into its text the wrong way (which it does not).
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

PAGE = Path(__file__).parent / "page"
VENDOR = PAGE / "vendor"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def players() -> dict[str, str]:
    """URLs of the players' scripts that are there: "hls", "dash", "smooth" (beside dash)."""
    return _found(
        hls="hls.js-*/hls.min.js",
        dash="dashjs-*/dash.all.min.js",
        smooth="dashjs-*/dash.mss.min.js",
    )


def plots() -> dict[str, str]:
    """URLs of the plots' "script" and "style"; empty unless both are there."""
    found = _found(script="uplot-*/uPlot.iife.min.js", style="uplot-*/uPlot.min.css")
    return found if len(found) == 2 else {}


def _found(**patterns: str) -> dict[str, str]:
    paths = {name: sorted(VENDOR.glob(pattern)) for name, pattern in patterns.items()}
    return {
        name: f"/ui/vendor/{path[-1].relative_to(VENDOR)}" for name, path in paths.items() if path
    }


def policy(host: str, port: int) -> str:
    """The Content-Security-Policy of the page. `host`: the request's; `port`: of playback."""
    named = _HOST.fullmatch(host)
    playback = f" http://{named['name']}:{port}" if named and port else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src 'self'{playback}",
            "media-src blob:",
            "img-src 'self' data:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def routes(playback: Callable[[], int]) -> list[Route]:
    """`/`, `/ui/` and what is under it. `playback`: the port that players use."""
    ours = {path.name: path for path in PAGE.iterdir() if path.suffix in (".css", ".js", ".svg")}
    theirs = {str(path.relative_to(VENDOR)): path for path in VENDOR.glob("*/*")}

    async def home(_request: Request) -> Response:
        return RedirectResponse("/ui/", headers={"cache-control": "no-store"})

    async def page(request: Request) -> Response:
        csp = policy(request.headers.get("host", ""), playback())
        return _file(request, PAGE / "index.html", {"content-security-policy": csp})

    async def own(request: Request) -> Response:
        return _file(request, ours.get(request.path_params["name"]), {})

    async def vendor(request: Request) -> Response:
        path = theirs.get(request.path_params["path"])
        return _file(request, path, {"cache-control": "public, max-age=31536000, immutable"})

    return [
        Route("/", home),
        Route("/ui", home),
        Route("/ui/", page),
        Route("/ui/{name}", own),
        Route("/ui/vendor/{path:path}", vendor),
    ]


def _file(request: Request, path: Path | None, headers: dict[str, str]) -> Response:
    if path is None or not path.is_file():
        return PlainTextResponse("There is no such file.\n", 404, {"cache-control": "no-store"})
    body = path.read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"cache-control": "no-cache", "etag": tag, **_SAFE, **headers}
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    return Response(body, 200, {**headers, "content-type": TYPES.get(path.suffix, TYPES[""])})
