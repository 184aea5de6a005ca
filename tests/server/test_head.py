"""What a head may look like."""

import h11
import pytest

from relay.server.head import HEAD_BYTES, HEAD_FIELDS, HeadReader, check_request
from relay.server.refusal import Refused

LINE = b"POST /a HTTP/1.1\r\n"


def read(data: bytes) -> bytes | None:
    reader = HeadReader()
    reader.feed(data)
    return reader.next_head()


def request(fields: bytes, line: bytes = LINE) -> h11.Request:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(line + b"Host: a\r\n" + fields + b"\r\n")
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    return event


def test_a_head_is_cut_from_its_body_wherever_the_reads_end() -> None:
    whole = LINE + b"Host: a\r\n\r\n"
    reader = HeadReader()
    for byte in whole[:-1]:
        reader.feed(bytes([byte]))
        assert reader.next_head() is None
        assert reader.started
    reader.feed(whole[-1:] + b"body")
    assert reader.next_head() == whole
    assert reader.take_rest() == b"body"
    assert not reader.started


def test_empty_lines_before_the_request_are_skipped() -> None:
    assert read(b"\r\n\r\n" + LINE + b"\r\n") == LINE + b"\r\n"


def test_an_empty_line_alone_starts_nothing() -> None:
    reader = HeadReader()
    reader.feed(b"\r\n")
    assert reader.next_head() is None
    assert not reader.started


@pytest.mark.parametrize("name", [b"Connection", b"connection", b"CONNECTION"])
@pytest.mark.parametrize("space", [b" ", b"\t", b"  "])
def test_the_space_after_connection_is_taken_away(name: bytes, space: bytes) -> None:
    head = read(LINE + name + space + b": Keep-Alive\r\n\r\n")
    assert head == LINE + name + b": Keep-Alive\r\n\r\n"


@pytest.mark.parametrize("name", [b"Transfer-Encoding", b"Content-Length", b"Host", b"Connections"])
def test_a_space_after_any_other_name_is_refused(name: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(LINE + name + b" : 5\r\n\r\n")
    assert refused.value.status == 400


@pytest.mark.parametrize("fold", [b" more", b"\tmore", b" : x"])
@pytest.mark.threat("T20")
def test_a_folded_field_is_refused(fold: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(LINE + b"X: one\r\n" + fold + b"\r\n\r\n")
    assert refused.value.status == 400


def test_upgrade_is_not_passed_on() -> None:
    assert read(LINE + b"Upgrade: h2c\r\nupgrade: websocket\r\nX: 1\r\n\r\n") == (
        LINE + b"X: 1\r\n\r\n"
    )


def test_sixteen_kibibytes_fit_and_one_byte_more_does_not() -> None:
    fits = LINE + b"X: " + b"a" * (HEAD_BYTES - len(LINE) - 7) + b"\r\n\r\n"
    assert len(fits) == HEAD_BYTES
    assert read(fits + b"body") == fits
    with pytest.raises(Refused) as refused:
        read(fits.replace(b"X: ", b"XY: "))
    assert refused.value.status == 431


@pytest.mark.threat("T20")
def test_an_endless_head_is_refused_before_its_end() -> None:
    with pytest.raises(Refused) as refused:
        read(LINE + b"X: " + b"a" * HEAD_BYTES)
    assert refused.value.status == 431


def test_sixty_four_fields_fit_and_one_more_does_not() -> None:
    assert read(LINE + b"X: 1\r\n" * HEAD_FIELDS + b"\r\n") is not None
    with pytest.raises(Refused) as refused:
        read(LINE + b"X: 1\r\n" * (HEAD_FIELDS + 1) + b"\r\n")
    assert refused.value.status == 431


def test_tls_on_a_clear_port_is_seen_by_its_first_byte() -> None:
    with pytest.raises(Refused) as refused:
        read(b"\x16\x03\x01\x02\x00")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        (b"PRI * HTTP/2.0\r\n", b"", 505),
        (b"GET / HTTP/0.9\r\n", b"", 505),
        (b"GET / HTTP/1.2\r\n", b"", 505),
        (b"CONNECT a:443 HTTP/1.1\r\n", b"", 405),
        (LINE, b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        (LINE, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"POST / HTTP/1.0\r\n", b"Transfer-Encoding: chunked\r\n", 400),
        (LINE, b"Authorization: Basic YTpi\r\nauthorization: Bearer b\r\n", 400),
    ],
)
@pytest.mark.threat("T20", "T21")
def test_what_h11_lets_through_is_refused(line: bytes, fields: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        check_request(request(fields, line))
    assert refused.value.status == status


@pytest.mark.parametrize(
    "fields", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: Chunked\r\n"]
)
def test_a_plain_request_passes(fields: bytes) -> None:
    check_request(request(fields))
