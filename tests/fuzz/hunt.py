"""One target under libFuzzer (atheris): `python -m tests.fuzz.hunt TARGET CORPUS [-OPTION=..]`.

A process of its own, since libFuzzer ends it when it is done. Coverage is counted in the rooms of
the relay and in the one parser before them, h11.
"""

import sys

import atheris

with atheris.instrument_imports(include=["relay", "packagers", "h11"]):
    from tests.fuzz.table import TARGETS
    from tests.fuzz.target import COVERAGE, judged


def main() -> None:
    """Hunt until libFuzzer has enough."""
    target = TARGETS[sys.argv.pop(1)]

    def once(data: bytes) -> None:
        judged(target, data, COVERAGE)

    atheris.Setup([*sys.argv, f"-max_len={target.longest}"], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
