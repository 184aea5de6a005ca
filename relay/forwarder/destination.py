"""Where to, and with which credentials."""

from dataclasses import dataclass
from pathlib import Path

from relay.courier.access import Access
from relay.secret import held


@dataclass(frozen=True, slots=True)
class Destination:
    """One upstream of a channel. `url`: its publishing point, `https://eu.example/live/news.isml`.

    backup_of   sends only while the upstream of this name fails
    width       bits of the fragment_index that is stamped into tfxd (32, 64); 0: as received
    per_track   each track in a stream of its own; else streams as received
    audio_twice each audio once more, in a stream of its own
    speed       how many times faster than it plays a backlog goes up
    """

    name: str
    url: str
    backup_of: str = ""
    width: int = 0
    per_track: bool = False
    audio_twice: bool = False
    speed: int = 8
    username: str = ""
    password_file: Path | None = None
    token_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None

    def access(self) -> Access:
        """The credentials as the files say now, so that a renewed one counts.

        Raises OSError, UnicodeDecodeError.
        """
        return Access(
            user=self.username,
            password=held(self.password_file),
            token=held(self.token_file),
            ca_file=self.ca_file,
            cert_file=self.cert_file,
            key_file=self.key_file,
        )
