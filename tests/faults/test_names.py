"""F26: the upstream's name is asked for at every attempt, and its last good address is kept.

The hub has a name service of its own: a hosts file, and behind it a server that refuses at once,
both mounted in a name space where nobody else sees them.
"""

import asyncio
import subprocess
from pathlib import Path

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, legs
from tests.faults.gate import Gate
from tests.faults.legs import Channel

pytestmark = [pytest.mark.e2e, pytest.mark.fault("F26"), pytest.mark.timeout(300)]

NAME = "upstream.example"
OTHER = "127.0.0.2"


@pytest.fixture
def service(tmp_path: Path) -> tuple[Path, list[str]]:
    """The hosts file, and what to write before a command for which it counts."""
    hosts, servers = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text(f"127.0.0.1 {NAME}\n")
    servers.write_text("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
    mount = (
        'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
    )
    command = ["unshare", "-Urm", "sh", "-c", mount, str(hosts), str(servers)]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs a name space of its own: there is no unshare command here")
    except subprocess.CalledProcessError as refused:
        pytest.skip(f"needs a name space of its own: {refused.stderr.strip()}")
    return hosts, command


def test_a_name_is_asked_for_anew_and_its_last_address_is_kept(
    made: Stamper, tmp_path: Path, service: tuple[Path, list[str]]
) -> None:
    hosts, command = service
    for name in ("eu", "hub"):
        (tmp_path / name).mkdir()
    with RelayProcess(tmp_path / "eu", {"news": legs.SETTINGS}) as eu:

        async def story() -> None:
            async with Gate(eu.port) as one, Gate(eu.port, host=OTHER, port=one.port) as two:
                url = f"http://{NAME}:{one.port}/news.isml"
                table = {**legs.SETTINGS, "upstreams": {"eu": {"url": url}}}
                with RelayProcess(tmp_path / "hub", {"news": table}, before=command) as hub:
                    await _moved(hub, one, two)

        async def _moved(hub: RelayProcess, one: Gate, two: Gate) -> None:
            channel = Channel.of("news", hub.port)
            async with channel.leg(made, "a", patient=True) as leg:
                await chain.until(lambda: one.went.sent != [], "the first address is taken")
                hosts.write_text(f"{OTHER} {NAME}\n")
                one.shut()
                await chain.until(lambda: two.went.sent != [], "the second address is taken")
                hosts.write_text("")
                mark = len(two.went.sent)
                tries = len(two.tries)
                two.reset()
                await chain.until(lambda: len(two.tries) > tries, "the last address is kept")
                await chain.until(lambda: len(two.went.sent) > mark, "it is sent to again")
                assert leg.posts == 1
            theirs = await chain.seen(eu, "news", channel.ledger)
            assert chain.arrived(channel.ledger, theirs) == []

        asyncio.run(story())
