"""Every room stands somewhere in the river: a new file cannot stay outside the walls unnoticed."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_room_is_a_layer_of_the_river() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    (river,) = (contract for contract in contracts if contract["id"] == "river")
    layers = {room for layer in river["layers"] for room in re.findall(r"[\w.]+", layer)}
    rooms = {
        f"{package}.{path.stem}"
        for package in ("relay", "packagers")
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }
    assert rooms - layers == set()
