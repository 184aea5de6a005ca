"""Settings of who comes in: TLS, certificates, a front end, playback, limits."""

from pathlib import Path

import pytest

from relay.config import Config
from relay.errors import ConfigInvalid
from relay.guards import Guards
from relay.limits import Limits
from relay.mp4 import reader
from tests.certificates.keys import AUTHORITY, pem
from tests.config.written import NEWS, Written

TLS = f'[tls]\ncert_file = "{pem("server")}"\n'
CLIENTS = f'{TLS}client_ca_file = "{AUTHORITY}"\n'
ENC_A = '[channels.news.sources.enc_a]\ncertificate = "enc-a.example"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[tls]\nkey_file = "x"\n', "tls - Value error, cert_file: without it there is no TLS"),
        ('[tls]\nplain = "0.0.0.0:80"\n', "cert_file: without it"),
        (f'{TLS}client_certificate = "required"\n', "client_ca_file: without it no certificate"),
        (f'{TLS}client_crl_file = "x"\n', "client_ca_file: without it no certificate"),
        (f'{TLS}client_certificate = "maybe"\n', "tls.client_certificate - "),
        (f'{TLS}plain = "nowhere"\n', "tls.plain - "),
        (f'{TLS}passphrase = "x"\n', "tls.passphrase - no such setting"),
        ('[front_end]\naddresses = ["proxy"]\n', "front_end.addresses.0 - "),
        ('[front_end]\nname_header = "X-Cert:"\n', "front_end.name_header - "),
        ("[limits]\nposts = 0\n", "limits.posts - "),
        ("[limits]\npost = 1\n", "did you mean posts?"),
        (ENC_A, "channels.news.sources.enc_a.certificate: nobody verifies it"),
        (
            f'{CLIENTS}[channels.news.sources.enc_a]\ncertificate = "sha256:abc"\n',
            "sha256: and 64 hexadecimal digits",
        ),
    ],
)
def test_what_makes_no_sense_is_said(written: Written, text: str, told: str) -> None:
    (line,) = written.refused(text + NEWS)
    assert told in line


@pytest.mark.parametrize(
    "text",
    [
        CLIENTS + ENC_A,
        f"{CLIENTS}[channels.news.sources.enc_a]\ncertificate = 'sha256:{'AB:' * 31}AB'\n",
        '[front_end]\naddresses = ["10.0.0.5"]\nname_header = "X-Client"\n' + ENC_A,
        '[front_end]\naddresses = ["10.0.0.0/24", "fd00::/8"]\nsha256_header = "X-Seal"\n' + ENC_A,
    ],
)
def test_a_certificate_needs_somebody_who_verifies_it(written: Written, text: str) -> None:
    config = written.load(text + NEWS)
    assert config.channels["news"].sources["enc_a"].certificate


def test_the_limits_are_those_of_the_rooms() -> None:
    assert Guards(Config()).limits == Limits()


def test_every_limit_arrives(written: Written) -> None:
    told = (
        "[limits]\nposts = 1\nposts_per_address = 2\nsources_per_stream = 3\nidle_seconds = 4.5\n"
        "least_rate = 5\nleast_chunk = 6\nfragment_mib = 7\nheader_kib = 16\nmanifest_kib = 9\n"
    )
    assert Guards(written.load(told + NEWS)).limits == Limits(
        idle=4_500,
        rate=5,
        chunk=6,
        posts=1,
        posts_per_address=2,
        sources=3,
        boxes=reader.Limits(manifest=9 << 10, moov=16 << 10, moof=16 << 10, mdat=7 << 20),
    )


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("short", "has 5 characters, and needs 16"),
        ("a-token/with-a-slash", "has characters that cannot stand in a path"),
        ("a token with spaces", "has characters that cannot stand in a path"),
        (".begins-with-a-point", "has characters that cannot stand in a path"),
    ],
)
def test_a_playback_token_can_stand_in_a_path(
    written: Written, tmp_path: Path, token: str, told: str
) -> None:
    (tmp_path / "token").write_text(token)
    config = written.load(f'{NEWS}playback_token_file = "{tmp_path / "token"}"\n')
    with pytest.raises(ConfigInvalid) as caught:
        Guards(config)
    assert told in caught.value.message
    assert token not in caught.value.message


def test_a_program_is_played_with_its_channels_token(written: Written, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-of-the-viewers\n")
    path = tmp_path / "token"
    guards = Guards(written.load(f'{NEWS}playback_token_file = "{path}"\n[channels.sport]\n'))
    assert guards.tokens("news") == guards.tokens("news.evening")
    assert guards.tokens("news") == ("token-of-the-viewers", guards.page)
    assert len(guards.page) >= 32
    assert guards.tokens("sport") == guards.tokens("sport.evening") == ()
    assert Guards(written.load(NEWS)).page == ""


def test_a_certificate_that_cannot_be_used_ends_the_start(written: Written) -> None:
    with pytest.raises(ConfigInvalid, match="gone: No such file"):
        Guards(written.load(f'[tls]\ncert_file = "/gone"\n{NEWS}'))


def test_a_channel_may_come_change_and_go_while_the_relay_runs(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("token-of-the-viewers")
    config = written.load(f'{NEWS}[channels.sport]\nplayback_token_file = "{tmp_path / "token"}"\n')
    sport = config.channels["sport"]
    guards = Guards(written.load(NEWS))
    assert (guards.page, guards.tokens("sport"), set(guards.gates)) == ("", (), {"news"})
    guards.admit("sport", sport)
    assert guards.tokens("sport") == ("token-of-the-viewers", guards.page)
    assert guards.page
    assert set(guards.gates) == {"news", "sport"}
    before = guards.gates["sport"]
    (tmp_path / "token").write_text("short")
    with pytest.raises(ConfigInvalid):
        guards.admit("sport", sport)
    assert guards.tokens("sport")[0] == "token-of-the-viewers"
    assert guards.gates["sport"] is before
    guards.forget("sport")
    assert (guards.page, guards.tokens("sport"), set(guards.gates)) == ("", (), {"news"})
    guards.reload()
