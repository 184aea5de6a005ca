"""Figures as a table on the terminal and in build/bench.json, by name."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.rounds import Figure, Spent

FILE = Path(__file__).parents[2] / "build" / "bench.json"


def show(figures: Sequence[Figure], notes: Iterable[str] = ()) -> None:
    """Print them."""
    width = max((len(figure.name) for figure in figures), default=10)
    heads = ("ours", "other", "ratio", "of pairs", "wall", "must", "aim")
    print(f"{'':{width}}  {heads[0]:>9} {heads[1]:>9} {heads[2]:>6} {heads[3]:>12}", end="")
    print(f" {heads[4]:>6} {heads[5]:>5} {heads[6]:>5}")
    for figure in figures:
        least, most = figure.spread
        ours, other = figure.median(figure.ours), figure.median(figure.other)
        print(
            f"{figure.name:{width}}  {ours:9.4g} {other:9.4g} {figure.ratio:6.2f}"
            f" {f'{least:.2f}-{most:.2f}':>12} {figure.wall:6.2f}"
            f" {_limit(figure.must)} {_limit(figure.aim)} {_verdict(figure):8} {figure.unit},"
            f" {figure.sides[0]} / {figure.sides[1]}"
        )
    for note in notes:
        print(f"absent: {note}")


def keep(figures: Iterable[Figure], file: Path = FILE) -> None:
    """Write them beside those of other benchmarks that the file has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else {}
    for figure in figures:
        known[figure.name] = {
            "ratio": round(figure.ratio, 4),
            "unit": figure.unit,
            "must": figure.must or None,
            "aim": figure.aim or None,
            "ours": _side(figure, figure.sides[0], figure.ours),
            "other": _side(figure, figure.sides[1], figure.other),
        }
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def _side(figure: Figure, name: str, spent: tuple[Spent, ...]) -> dict[str, object]:
    return {
        "name": name,
        "median": figure.median(spent),
        "rounds": [asdict(one) for one in spent],
    }


def _limit(ratio: float) -> str:
    return f"{ratio:5.2f}" if ratio else "    -"


def _verdict(figure: Figure) -> str:
    if not figure.must:
        return ""
    if figure.ratio > figure.must:
        return "MISSED"
    return "aim met" if figure.ratio <= figure.aim else "must met"
