"""Whatever a stranger writes into a field, it is read or it is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.access import Asked, Credentials, Gate
from relay.access.digest import read
from relay.access.tries import Tries
from relay.errors import AccessRequired

SOURCES = {"enc_a": Credentials(user="a", password="b"), "enc_b": Credentials(token="c" * 20)}


def test_parameters_are_read_quoted_or_plain() -> None:
    said = r'username="a \"b\" c", qop=auth,  nc=00000001 , uri="/x,y=z"'
    assert read(said) == {
        "username": 'a "b" c',
        "qop": "auth",
        "nc": "00000001",
        "uri": "/x,y=z",
    }


def test_what_cannot_be_read_is_nothing() -> None:
    for said in ("", '"', "a", "a=", 'a="', "a=b c=d", ", ".join(f"a{n}=b" for n in range(17))):
        assert read(said) == {}, said


@given(
    st.sampled_from(["", "Digest ", "Basic ", "Bearer ", "Negotiate "]),
    st.text() | st.sampled_from(['nonce="1-", qop=auth', 'nonce="' + "9" * 15 + '-a"']),
)
def test_no_field_is_too_odd(scheme: str, said: str) -> None:
    gate = Gate(SOURCES, b"k", Tries())
    with pytest.raises(AccessRequired) as caught:
        gate.admit(Asked("POST", "/", "10.0.0.1", scheme + said, query=said), 10**12)
    assert caught.value.challenges
