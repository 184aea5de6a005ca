"""Which tests claim which rows, read from their sources: the same whatever is collected or run.

A claim stands in a decorator of a test or its class, in the `marks` of one of its parameters, or
in the module's `pytestmark`; or in a name of the module that one of these uses. Its ids are literal
strings, so that searching for an id finds it.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conformance.rows import MARKS, Claim, claims

Claims = dict[Claim, list[str]]
"""The tests of each claim, as pytest names them but without parameters, in order."""


def scan(root: Path, folder: str = "tests") -> Claims:
    """The claims of all tests below a folder. Raises ValueError for one that names no row."""
    found: Claims = {}
    for path in sorted((root / folder).rglob("test_*.py")):
        text = path.read_text()
        if "node_modules" in path.parts or not any(f"mark.{mark}" in text for mark in MARKS):
            continue
        name = path.relative_to(root).as_posix()
        for test, claim in _claims(ast.parse(text, name), name):
            tests = found.setdefault(claim, [])
            if test not in tests:
                tests.append(test)
    return found


def _claims(module: ast.Module, name: str) -> Iterator[tuple[str, Claim]]:
    named: dict[str, list[Claim]] = {}
    for node in module.body:
        if isinstance(node, ast.Assign):
            found = _claimed(node.value, name, named)
            named |= {to.id: found for to in node.targets if found and isinstance(to, ast.Name)}
    yield from _tests(module.body, name, named.get("pytestmark", []), named)


def _tests(
    body: list[ast.stmt], name: str, shared: list[Claim], named: Mapping[str, list[Claim]]
) -> Iterator[tuple[str, Claim]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        own = [claim for each in node.decorator_list for claim in _claimed(each, name, named)]
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body, f"{name}::{node.name}", [*shared, *own], named)
        elif node.name.startswith("test_"):
            for claim in [*shared, *own]:
                yield f"{name}::{node.name}", claim


def _claimed(expression: ast.expr, name: str, named: Mapping[str, list[Claim]]) -> list[Claim]:
    found: list[Claim] = []
    for node in ast.walk(expression):
        if isinstance(node, ast.Name):
            found += named.get(node.id, [])
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        mark, of = node.func.attr, node.func.value
        if mark in MARKS and isinstance(of, ast.Attribute) and of.attr == "mark":
            try:
                ids = tuple(ast.literal_eval(each) for each in node.args)
                said = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
                found += claims(mark, ids, said)
            except ValueError as error:
                raise ValueError(f"{name}:{node.lineno}: {error}") from None
    return found
