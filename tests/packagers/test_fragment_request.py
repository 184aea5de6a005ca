import pytest

from packagers.fragment_request import FragmentRequest, Noun, read

NOW = 17_950_000_000_000_003


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("QualityLevels(2000000)/Fragments(video=0)", (Noun.FRAGMENT, 2_000_000, "video", 0)),
        (f"qualitylevels(0)/FRAGMENTS(a-1_b={NOW})", (Noun.FRAGMENT, 0, "a-1_b", NOW)),
        ("QualityLevels(1)/FragmentInfo(Video=7)", (Noun.METADATA, 1, "Video", 7)),
        ("QualityLevels(1)/RawFragments(v=7)", (Noun.DATA, 1, "v", 7)),
        ("QualityLevels(1,Compatibility=Desktop)/Fragments(v=7)", (Noun.FRAGMENT, 1, "v", 7)),
    ],
)
def test_a_request_is_read(path: str, found: tuple[Noun, int, str, int]) -> None:
    request = read(*path.split("/"))
    assert request == FragmentRequest(*found)
    assert read(*request.path.split("/")) == request


@pytest.mark.parametrize(
    "path",
    [
        "QualityLevels()/Fragments(video=0)",
        "QualityLevels(01)/Fragments(video=0)",
        "QualityLevels(99999999999)/Fragments(video=0)",
        "QualityLevels(1)/Fragments(video=-1)",
        "QualityLevels(1)/Fragments(video=1.5)",
        "QualityLevels(1)/Fragments(video=18446744073709551616)",
        "QualityLevels(1)/Fragments(1video=0)",
        "QualityLevels(1)/Fragments(vid eo=0)",
        "QualityLevels(1)/Fragments(video=\u0667)",
        "QualityLevels(1)/Fragments(video=0",
        "QualityLevels(1)/KeyFrames(video=0)",
        "Qualitylevels(1,a)/Fragments(video=0)",
        "video-1/7.m4s",
        "Streams(1)/Fragments(video=0)",
    ],
)
def test_other_paths_are_not(path: str) -> None:
    assert read(*path.split("/")) is None
