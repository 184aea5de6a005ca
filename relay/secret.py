"""Secrets of the configuration: each in a file of its own, which holds nothing else.

So they are in no printout, no environment and no backup of the configuration, and a supervisor may
hand them over (systemd's LoadCredential, a container's secrets).
"""

from pathlib import Path

from relay.errors import ConfigInvalid

LONGEST = 4_096


def held(path: Path | None) -> str:
    """What the file holds, without white space at its ends; "" for no file.

    Raises OSError, UnicodeDecodeError.
    """
    return "" if path is None else path.read_text("utf-8").strip()


def secret(path: Path | None, least: int = 1) -> str:
    """The same, for a start that has to fail without it.

    Raises ConfigInvalid when it cannot be read, or has fewer than `least` characters.
    """
    if path is None:
        return ""
    try:
        found = held(path)
    except OSError as error:
        raise ConfigInvalid(
            f"{path}: {error.strerror}", hint="It has to hold a secret, and the relay may read it."
        ) from None
    except UnicodeDecodeError:
        raise ConfigInvalid(f"{path}: is no text in UTF-8") from None
    if not least <= len(found) <= LONGEST:
        raise ConfigInvalid(
            f"{path}: has {len(found)} characters, and needs {least} to {LONGEST}",
            hint="A good one: head -c 24 /dev/urandom | base64 | tr +/ -_",
        )
    return found
