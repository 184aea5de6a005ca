import pytest

from packagers.negotiation import accepts_gzip


@pytest.mark.parametrize(
    ("accepted", "gzip"),
    [
        ("gzip", True),
        ("GZIP, deflate, br", True),
        ("gzip;q=0.001", True),
        ("gzip; q=1.0", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0.5, identity", True),
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("a," * 100_000 + "gzip", False),
    ],
)
def test_gzip_is_accepted_as_the_client_says(accepted: str, gzip: bool) -> None:
    assert accepts_gzip(accepted) is gzip
