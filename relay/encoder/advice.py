"""What the person in front of `relay push` may do about an answer. The first that fits, or nothing.

It is kept to what the answer makes likely; the receiver's own words stand beside it.
"""

_ADVICE = (
    ("no connection", "Is a receiver listening there? Look at host and port of the URL."),
    ("its name cannot be resolved", "Nobody knows this host: look at the URL."),
    (
        "its certificate is not trusted",
        "If it is one of your own making: --ca-file FILE, or --insecure.",
    ),
    ("401", "It wants to know who you are: --user NAME:PASSWORD, or --token-file FILE."),
    ("403", "It knows you and does not want this: ask its operator what you may push."),
    ("404", "It has no publishing point of this name: look at NAME in http://HOST/NAME.isml."),
    ("405", "Something answers there that takes no POSTs: look at host, port and path."),
    ("409", "It believes your times to be wrong: set this machine's clock, or end the other push."),
    ("412", "It knows this track otherwise: push the same clip as before, or have it reset."),
    ("send timeout", "It takes less than the clip's bit rate: look at the way there."),
)


def advice(answer: str) -> str:
    """A sentence, or ""."""
    return next((text for start, text in _ADVICE if start in answer[:80]), "")
