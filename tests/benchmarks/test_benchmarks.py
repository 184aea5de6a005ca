"""The benchmarks run, and say what they measured. Their figures are no test's business."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import report
from tests.benchmarks.__main__ import RATIOS
from tests.benchmarks.load import MEDIA, Push
from tests.benchmarks.rounds import Figure, Spent, interleaved
from tests.benchmarks.scale import LEAST
from tests.benchmarks.sides import Server


def of(*cpu: float) -> tuple[Spent, ...]:
    return tuple(Spent(each, each / 2) for each in cpu)


FIGURE = Figure("ours / theirs", ("a", "b"), of(3, 1, 2), of(4, 5, 3), must=0.6, aim=0.5)


@pytest.fixture
def _own_cores() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, cores)


def test_a_ratio_is_that_of_the_medians() -> None:
    assert FIGURE.ratio == FIGURE.wall == 0.5
    assert FIGURE.spread == (0.2, 0.75)


def test_each_round_has_every_side_and_the_first_does_not_count() -> None:
    done: list[str] = []

    def side(name: str) -> Spent:
        done.append(name)
        return Spent(len(done), 0)

    found = interleaved({"a": lambda: side("a"), "b": lambda: side("b")}, 3)
    assert [sorted(done[at : at + 2]) for at in range(0, 8, 2)] == [["a", "b"]] * 4
    assert len(found["a"]) == len(found["b"]) == 3
    assert min(spent.cpu for spent in (*found["a"], *found["b"])) == 3


def test_figures_are_kept_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"
    report.keep([FIGURE], file)
    report.keep([Figure("other", ("a", "b"), of(1), of(1))], file)
    kept = json.loads(file.read_text())
    assert kept["ours / theirs"]["ratio"] == 0.5
    assert kept["ours / theirs"]["ours"]["median"] == 2
    assert kept["ours / theirs"]["other"]["rounds"][1] == {"cpu": 5, "wall": 2.5}
    assert kept["other"]["ratio"] == 1
    report.show([FIGURE], ["nginx is not here"])
    said = capsys.readouterr().out
    assert "aim met" in said
    assert "absent: nginx is not here" in said


@pytest.mark.e2e
def test_the_load_goes_through_the_floor() -> None:
    with Server("sink") as sink:
        spent = sink.spent(Push(sink.targets(2), 1, 1))
        assert spent.cpu > 0
        assert spent.wall > 0
        assert int(sink.ask()) > 2 * MEDIA


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("_own_cores")
@pytest.mark.parametrize("name", RATIOS)
def test_each_runs_at_its_smallest(name: str, tmp_path: Path) -> None:
    result = RATIOS[name](LEAST, tmp_path)
    assert result.figures
    for figure in result.figures:
        assert figure.ratio > 0
