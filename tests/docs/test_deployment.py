"""What stands around the relay is in order: Dockerfile, compose file, HAProxy, dashboards.

`make linters` brings hadolint, HAProxy and the compose specification into `.tools/deploy`; without
them the tests that need one are skipped, by name. No Docker engine is asked for: the Dockerfile's
own steps are run as a script, in a clean folder.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.vocabulary import ROOT

CONF = ROOT / "conf"
TOOLS = ROOT / ".tools" / "deploy"
PAPERS = ROOT / "tests" / "courier" / "certificates"


def tool(name: str) -> str:
    """Its path; a test that asks for one that is not there is skipped."""
    own = sorted(TOOLS.glob(f"lib/python*/site-packages/*/bin/{name}"))
    path = os.pathsep.join((str(TOOLS / "bin"), os.environ.get("PATH", ""), "/usr/sbin"))
    found = shutil.which(name, path=path) or (str(own[0]) if own else "")
    if not found:
        pytest.skip(f"needs {name} (make linters)")
    return found


def ran(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        word, _, rest = line.partition(" ")
        yield word, rest


def test_the_image_is_small_and_not_root() -> None:
    found = list(instructions())
    assert [rest for word, rest in found if word == "USER"] == ["65532:65532"]
    assert [word for word, _ in found].count("FROM") == 2
    (check,) = (rest for word, rest in found if word == "HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2]) == ["relay", "status", "--ready"]
    assert ("STOPSIGNAL", "SIGTERM") in found


def test_hadolint_has_nothing_to_say() -> None:
    assert ran(tool("hadolint"), str(ROOT / "Dockerfile")) == ""


def test_the_build_has_what_it_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    }
    assert copied == kept
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_steps_of_the_build_make_a_relay(tmp_path: Path) -> None:
    """Of the first stage, but for the uv that it installs; then what the image would run."""
    build, opt = tmp_path / "build", tmp_path / "opt"
    build.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment["PATH"] = f"{ROOT / '.tools' / 'bin'}:{os.environ['PATH']}"
    for word, rest in instructions():
        text = rest.replace("/opt/relay", str(opt))
        match word:
            case "ENV":
                environment |= dict(pair.split("=", 1) for pair in shlex.split(text))
            case "COPY" if text.startswith("--from"):
                break
            case "COPY":
                *sources, target = shlex.split(text)
                for source in sources:
                    _copy(ROOT / source, build / target)
            case "RUN" if not text.startswith("pip install"):
                text = text.replace("uv sync", f"uv sync --python {sys.executable}")
                subprocess.run(["sh", "-ec", text], cwd=build, env=environment, check=True)
    relay = str(opt / "bin" / "relay")
    assert "Channels: news" in ran(relay, "check", str(CONF / "relay.toml"), cwd=tmp_path)
    asked = [relay, "status", "--ready", "--url", "http://127.0.0.1:9"]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 1
    page = opt / "lib"
    assert list(page.glob("python*/site-packages/relay/monitor/page/vendor/hls.js-*/*.js"))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        kept = shutil.ignore_patterns("__pycache__", "vendor")
        shutil.copytree(source, target, ignore=kept)
    elif target.name == ".":
        shutil.copy(source, target)
    else:
        shutil.copy(source, target / source.name if target.is_dir() else target)


@pytest.mark.parametrize("name", ["haproxy.cfg", "haproxy-shards.cfg"])
def test_haproxy_takes_its_files(tmp_path: Path, name: str) -> None:
    text = (CONF / name).read_text()
    text = re.sub(r"/etc/haproxy/tls/encoders-ca\.pem", f"{PAPERS}/ca.pem", text)
    text = re.sub(r"/etc/haproxy/tls/\w+\.pem", f"{PAPERS}/server.pem", text)
    (tmp_path / "haproxy.cfg").write_text(text)
    ran(tool("haproxy"), "-c", "-f", str(tmp_path / "haproxy.cfg"))


SERVICES = {
    "compose.yaml": ["enc_a", "enc_b", "grafana", "prometheus", "relay"],
    "cluster.yaml": ["n1", "n2", "n3", "one", "two"],
}


@pytest.mark.parametrize("file", SERVICES)
def test_compose_takes_its_file(file: str) -> None:
    script = """
import json, re, sys
import compose_spec, yaml
text = re.sub(r"[$][{]\\w+:-([^}]*)[}]", r"\\1", open(sys.argv[1]).read())
known = compose_spec.PyCompose.from_json(json.dumps(yaml.safe_load(text)))
known.validate()
print(*sorted(known.services))
"""
    python = TOOLS / "bin" / "python"
    if not python.exists():
        pytest.skip("needs the compose specification (make linters)")
    said = ran(str(python), "-c", script, str(CONF / file))
    assert said.split() == SERVICES[file]


def test_what_compose_mounts_is_there() -> None:
    for file in SERVICES:
        for path in re.findall(r"[ \"](\./[\w./-]+):/", (CONF / file).read_text()):
            assert (CONF / path).is_file(), path
    assert 'targets: ["127.0.0.1:8081"]' in (CONF / "prometheus" / "prometheus.yml").read_text()


def test_brokers_take_their_file_and_what_compose_says_beside_it() -> None:
    server = str(Path(sys.executable).with_name("nats-server"))
    conf = str(CONF / "nats-server.conf")
    ran(server, "-t", "-c", conf)
    commands = re.findall(r"command: (\[[^]]*\])", (CONF / "cluster.yaml").read_text())
    assert len(commands) == 3
    for command in commands:
        said = json.loads(command)
        ran(server, "-t", *said[:1], conf, *said[2:])
