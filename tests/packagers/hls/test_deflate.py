import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.hls import deflate

PIECES = st.lists(
    st.binary(max_size=3000) | st.just(b"#EXTINF:2.000000,\n7.m4s\n" * 90), max_size=6
)


@given(PIECES, st.binary(max_size=3000))
def test_pieces_are_one_gzip_stream(pieces: list[bytes], end: bytes) -> None:
    data = b"".join(pieces) + end
    crc = 0
    for piece in (*pieces, end):
        crc = deflate.shifted(crc, len(piece)) ^ zlib.crc32(piece)
    made = [deflate.piece(piece) for piece in pieces]
    stream = [deflate.HEADER, *made, deflate.last(end), deflate.trailer(crc, len(data))]
    # One member: what reads no more than that, as a browser, has it all.
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(b"".join(stream)) == data
    assert reader.eof
    assert not reader.unused_data


def test_a_wrong_checksum_is_refused() -> None:
    """The trailer is what the reader checks: a wrong one would not go unnoticed."""
    stream = deflate.HEADER + deflate.last(b"abc") + deflate.trailer(1, 3)
    with pytest.raises(zlib.error):
        zlib.decompress(stream, wbits=31)


@given(st.binary(max_size=5000))
def test_a_whole_is_a_gzip_file(data: bytes) -> None:
    assert gzip.decompress(deflate.whole(data)) == data
    assert deflate.whole(data) == deflate.whole(data)
