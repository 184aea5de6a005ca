"""XML of strangers before it is parsed."""

import time

import pytest

from relay.markup import MOST_ATTRIBUTES, crowded, plain

ODD = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.threat("T13")
def test_a_document_is_read_in_the_encoding_that_it_begins_in(encoding: str) -> None:
    said = "<?xml version='1.0' encoding='ibm037'?><a b='ü'/>"
    assert plain(said.encode(encoding)) == said.encode()
    with pytest.raises(ValueError, match="DOCTYPE"):
        plain(ODD.encode(encoding))


def test_what_is_neither_utf_8_nor_utf_16_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        plain("<a b='ü'/>".encode("latin-1"))
    with pytest.raises(ValueError, match="UTF-8"):
        plain(ODD.encode("cp037"))


@pytest.mark.threat("T14")
def test_a_crowd_of_attributes_is_seen_before_it_costs() -> None:
    tag = "<a " + " ".join(f"a{at}='b'" for at in range(30_000)) + "/>"
    began = time.process_time()
    assert crowded(tag)
    assert not crowded("<a b='c'/>" * 30_000)
    assert crowded("<" * 100_000 + "=" * (MOST_ATTRIBUTES + 1))
    assert time.process_time() - began < 0.5
    with pytest.raises(ValueError, match="attributes"):
        plain(tag.encode())
