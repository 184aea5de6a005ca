"""`conf/nginx.conf` in a real nginx: TLS for players and a cache, mutual TLS for encoders."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door import TRACK, chunked, header, video
from tests.e2e.front import NGINX, Front, nginx
from tests.e2e.relay_process import RelayProcess, free_port
from tests.e2e.served import fetch, get
from tests.server.wire import PATIENCE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(NGINX is None, reason="needs nginx (apt-get install nginx-light)"),
]
BODY = header() + b"".join(video(index) for index in range(4))


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    with RelayProcess(tmp_path, {"news": {"fragment_duration": "2"}}) as started:
        yield started


@pytest.fixture
def front(relay: RelayProcess, tmp_path: Path) -> Iterator[Front]:
    """The second relay that it knows of is not there."""
    (tmp_path / "nginx").mkdir()
    with nginx(tmp_path / "nginx", relay.port, free_port()) as started:
        yield started


def post(front: Front, *, known: bool, port: int = 0) -> int:
    """One POST of four fragments; the status."""
    to = http.client.HTTPSConnection(
        "localhost", port or front.encoders, timeout=PATIENCE, context=front.trust(known=known)
    )
    try:
        to.putrequest("POST", "/news.isml/Streams(main)?source=somebody_else")
        to.putheader("Transfer-Encoding", "chunked")
        to.endheaders(chunked(BODY) + b"0\r\n\r\n")
        return to.getresponse().status
    finally:
        to.close()


def test_encoders_are_their_certificates_and_players_have_a_cache(
    front: Front, relay: RelayProcess
) -> None:
    assert post(front, known=False) == 400
    assert post(front, known=True) == 200
    said = json.loads(fetch(f"{relay.admin_url}/api/v1/status"))
    assert list(said["channels"]["news"]["sources"]) == ["client"]
    assert post(front, known=True, port=front.players) == 403
    for path in ("master.m3u8", f"{TRACK}/1.m4s"):
        seen = [player(front, f"/news.isml/{path}") for _ in range(5)]
        assert {status for status, _, _ in seen} == {200}
        assert {body for _, _, body in seen} == {get(f"{relay.url}/news.isml/{path}").body}
        assert "HIT" in {cache for _, cache, _ in seen}


def player(front: Front, path: str) -> tuple[int, str, bytes]:
    """Status, what the cache says, and the body."""
    to = http.client.HTTPSConnection(
        "localhost", front.players, timeout=PATIENCE, context=front.trust(known=False)
    )
    try:
        to.request("GET", path)
        answer = to.getresponse()
        return answer.status, answer.getheader("X-Cache", ""), answer.read()
    finally:
        to.close()
