"""Two strict readers of HLS playlists, neither of them ours: hls-parser (node) and m3u8."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import m3u8

SCRIPT = Path(__file__).parent / "hls_strict.mjs"


def missing() -> str:
    """Why playlists cannot be judged here; "" when they can."""
    if shutil.which("node") is None:
        return "no node (Debian: apt-get install nodejs npm)"
    here = (SCRIPT.parent / "node_modules/hls-parser").exists()
    return "" if here else "no hls-parser (`make players` fetches it)"


def complaints(texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with which playlist, by its URL; empty is good."""
    done = subprocess.run(
        ["node", SCRIPT],
        input=json.dumps([*texts.values()]),
        capture_output=True,
        check=True,
        text=True,
    )
    read = json.loads(done.stdout)
    found = {u: one["error"] for u, one in zip(texts, read, strict=True) if "error" in one}
    for url, text in texts.items():
        try:
            m3u8.M3U8(text, base_uri=url, strict=True)
        except Exception as error:  # noqa: BLE001 - m3u8 raises many unrelated kinds
            found.setdefault(url, f"m3u8: {error!r}")
    return found
