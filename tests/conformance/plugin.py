"""The markers of the conformance table, and the table after each run.

A marker with an unknown id ends the collection. The table, `build/conformance.md`, lists all rows
whatever was run; the terminal gets one line. Faults and threats have documents of their own beside
it, `build/faults.md` and `build/threats.md`, which begin with those that were not shown.
"""

from pathlib import Path

import pytest

from tests.conformance.report import alone, document, summary
from tests.conformance.rows import MARKS, claims
from tests.conformance.scan import scan

TABLE = Path("build/conformance.md")
FAULTS, THREATS = Path("build/faults.md"), Path("build/threats.md")


class Conformance:
    """How the tests of one run ended."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ended: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers():
                if mark.name in MARKS:
                    try:
                        claims(mark.name, mark.args, mark.kwargs)
                    except ValueError as error:
                        raise pytest.UsageError(f"{item.nodeid}: {error}") from None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of a test's phases and parameters the worst counts, but what ran counts before a skip."""
        test = report.nodeid.partition("[")[0]
        known = self.ended.get(test)
        if report.failed:
            self.ended[test] = "failed"
        elif report.skipped and known is None:
            self.ended[test] = "skipped"
        elif report.when == "call" and report.passed and known != "failed":
            self.ended[test] = "passed"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.ended or terminalreporter.config.getoption("lf", default=False):
            return  # a few tests once more: the table is that of the whole run
        try:
            tests = scan(self.root)
        except (SyntaxError, ValueError) as error:
            terminalreporter.write_line(f"conformance: there is no table: {error}")
            return
        table = self.root / TABLE
        table.parent.mkdir(exist_ok=True)
        table.write_text(document(tests, self.ended))
        (self.root / FAULTS).write_text(alone("Faults", "fault", tests, self.ended))
        (self.root / THREATS).write_text(alone("Threats", "threat", tests, self.ended))
        terminalreporter.write_line(f"{summary(tests, self.ended)}, see {TABLE}")


def pytest_configure(config: pytest.Config) -> None:
    for line in MARKS.values():
        config.addinivalue_line("markers", line)
    config.pluginmanager.register(Conformance(config.rootpath), "conformance")
