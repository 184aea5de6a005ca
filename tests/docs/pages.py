"""The pages of the documentation, and what stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.vocabulary import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#.*$")


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a shell block, whole: continued lines are one. `page`: where it stands."""

    page: str
    text: str

    @property
    def program(self) -> str:
        """What is run, behind variables that are set for it."""
        words = (word for word in self.text.split() if not re.match(r"[A-Z_]+=", word))
        return Path(next(words)).name


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """What stands between fences of these languages."""
    for language, text in _BLOCK.findall(page.read_text("utf-8")):
        if language in languages:
            yield text


def commands() -> list[Command]:
    """Every command that a reader may type."""
    found = []
    for page in PAGES:
        for text in blocks(page, "sh"):
            for line in text.replace("\\\n", " ").splitlines():
                typed = _COMMENT.sub("", line).strip()
                if typed and not typed.startswith("#"):
                    found.append(Command(name(page), " ".join(typed.split())))
    return found


def cells(page: Path) -> Iterator[list[str]]:
    """The rows of its tables, without heads."""
    lines = page.read_text("utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|") and before.startswith("|") and not line.startswith("|-"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def anchors(page: Path) -> set[str]:
    """The fragments that a link into it may have, as GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).strip().replace(" ", "-") for head in heads}
