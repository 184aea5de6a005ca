"""A network namespace for the brokers, and a line of its own to it for each relay.

    relay one ── 10.77.1.1 ═ 10.77.1.2 ─┐
                                        ├─ brokers, in a namespace
    relay two ── 10.77.2.1 ═ 10.77.2.2 ─┘

A line that is cut swallows what is sent: no RST, no FIN, as when a switch loses power. It needs
root and `ip`.
"""

import os
import shutil
import subprocess

from tests.e2e.relay_process import free_port


def possible() -> bool:
    """Namespaces can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"relay-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return made.returncode == 0


class Lines:
    """A context: the namespace and its lines are gone at its end."""

    def __init__(self, count: int) -> None:
        self._name = f"relay-{os.getpid()}"
        net = 64 + free_port() % 64  # several tests at a time
        self._nets = [f"10.{net}.{at + 1}" for at in range(count)]
        self._far = [f"rf{os.getpid()}-{at}" for at in range(count)]
        self._near = [f"rn{os.getpid()}-{at}" for at in range(count)]

    @property
    def before(self) -> list[str]:
        """What to write before a command that shall run there."""
        return ["ip", "netns", "exec", self._name]

    def host(self, at: int) -> str:
        """The address of the namespace on a line."""
        return f"{self._nets[at]}.2"

    def cut(self, at: int) -> None:
        _ip("-n", self._name, "link", "set", self._far[at], "down")

    def mend(self, at: int) -> None:
        _ip("-n", self._name, "link", "set", self._far[at], "up")

    def __enter__(self) -> "Lines":
        _ip("netns", "add", self._name)
        _ip("-n", self._name, "link", "set", "lo", "up")
        for net, near, far in zip(self._nets, self._near, self._far, strict=True):
            _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._name)
            _ip("address", "add", f"{net}.1/24", "dev", near)
            _ip("link", "set", near, "up")
            _ip("-n", self._name, "address", "add", f"{net}.2/24", "dev", far)
            _ip("-n", self._name, "link", "set", far, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for near in self._near:
            subprocess.run(["ip", "link", "delete", near], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", self._name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
