"""A member in its file: what the file's name says, and where it lies."""

from dataclasses import dataclass
from pathlib import Path

from relay.media import Copy, Member, Pin
from relay.store import filename
from relay.store.shelf import Record


@dataclass(slots=True)
class Filed(Record):
    """A member, what else its file's name says, and what is known of the file."""

    seq: int
    crc: int
    checked: bool = False
    damaged: bool = False

    @property
    def size(self) -> int:
        """Bytes in the file."""
        if isinstance(self.member, Pin):
            return len(filename.pin_body(self.member))
        return self.member.size if isinstance(self.member, Copy) else 0

    def path(self, channel: Path) -> Path:
        """The file in the folder of its channel."""
        if isinstance(self.member, Pin):
            name = filename.pin_name(self.member, self.seq, self.size, self.crc)
        else:
            name = filename.member_name(self.member, self.seq, self.crc)
        return channel / folder_of(self.member) / (name + filename.DAMAGED * self.damaged)


def folder_of(member: Member) -> str:
    """The name of its folder in that of the channel."""
    return filename.PINS if isinstance(member, Pin) else filename.folder_name(member.track)
