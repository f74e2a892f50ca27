"""Finds by reading the code what failures say: the templates of their sentences, with a ``{}`` for every place."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

FAMILY_ROOTS = {"FlipcastError", "NotTaken", "Refusal", "HTTPException"}
"""Classes that everything said descends from; two of them are made failures of the family on the way."""

Scope = dict[str, list[ast.expr]]


def said_in(path: Path, family: set[str]) -> set[str]:
    """Templates of all sentences, and hints, of the *family* that the module at *path* makes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    _look(tree, _assigned(tree.body), family, found, own="")
    return {one for one in found if any(letter.isalpha() for letter in one.replace("{}", ""))}


def family_of(paths: list[Path]) -> set[str]:
    """Names of all classes of failures in the modules at *paths*."""
    bases: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).split(".")[-1] for base in node.bases)
    family = set(FAMILY_ROOTS)
    while more := {name for name, above in bases.items() if above & family} - family:
        family |= more
    return family


def _look(node: ast.AST, scope: Scope, family: set[str], found: set[str], own: str) -> None:
    if isinstance(node, ast.ClassDef):
        own = node.name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        scope = {**scope, **_assigned(node.body)}
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        ours = name.split(".")[-1] in family or (name == "super().__init__" and own in family)
        if ours:
            said = [*node.args[:2], *(word.value for word in node.keywords if word.arg in ("hint", "what"))]
            if name.split(".")[-1] == "DeviceMissing":
                said = said[1:] if node.args else said  # its first word is a name
            for one in said:
                found.update(_templates(one, scope))
    for child in ast.iter_child_nodes(node):
        _look(child, scope, family, found, own)


def _assigned(body: list[ast.stmt]) -> Scope:
    """What names are given in *body*, without that of functions inside of it."""
    given: Scope = {}
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name):
                given.setdefault(target.id, []).append(value)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for name, one in zip(target.elts, value.elts, strict=False):
                    if isinstance(name, ast.Name):
                        given.setdefault(name.id, []).append(one)
        waiting += ast.iter_child_nodes(node)
    return given


def _templates(node: ast.expr, scope: Scope, depth: int = 0) -> Iterator[str]:
    """Yield all that *node* may say."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            for chosen in itertools.product(*(list(_templates(part, scope, depth)) for part in parts)):
                yield "".join(chosen)
        case ast.FormattedValue(value=value) if isinstance(value, ast.IfExp | ast.Constant):
            yield from _templates(value, scope, depth)
        case ast.IfExp(body=one, orelse=other):
            yield from _templates(one, scope, depth)
            yield from _templates(other, scope, depth)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _templates(value, scope, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            pairs = itertools.product(_templates(left, scope, depth), _templates(right, scope, depth))
            yield from ("".join(pair) for pair in pairs)
        case ast.Name(id=name) if name in scope and depth < 3:
            for value in scope[name]:
                yield from _templates(value, scope, depth + 1)
        case _:
            yield "{}"


def notes_in(path: Path) -> set[str]:
    """Templates of the whole sentences of the module at *path*: its notes on a lecture."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in parts | described
    )
    said = {one for node in texts for one in _templates(node, {})}
    return {one for one in said if re.fullmatch(r"(?:[A-Z]|\{\}).* .*[a-z)}]\.", one)}


_SAYS = {"say": 1, "_trouble": 1, "_alarm": 1, "_stop_because": 0, "end": 0}
_WHY = {"how", "why", "ended_because", "lost_because"}


def told_of_takes_in(path: Path) -> set[str]:
    """Templates of what the recorder's module at *path* writes down of a take: alarms, losses, how it was measured."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Module)):
        scope = _assigned(function.body)
        for node in ast.walk(function):
            said: list[ast.expr] = []
            if isinstance(node, ast.Call):
                place = _SAYS.get(ast.unparse(node.func).split(".")[-1])
                minor = any(word.arg == "alarm" and ast.unparse(word.value) == "False" for word in node.keywords)
                said += node.args[place : place + 1] if place is not None and not minor else []
                said += [word.value for word in node.keywords if word.arg in _WHY]
            if isinstance(node, ast.Dict):
                keys = [ast.unparse(key) if key else "" for key in node.keys]
                said += [value for key, value in zip(keys, node.values, strict=True) if key == "'why'"]
            for words in _given_to("self.trouble", node):
                said.append(ast.JoinedStr([ast.FormattedValue(ast.Name("it"), -1), ast.Constant(" "), words]))
            found.update(one for part in said for one in _templates(part, scope))
    found = {re.sub(r"\{[^}]*\}", "{}", one).strip() for one in found}
    return {one for one in found if any(letter.isalpha() for letter in one)}


def _given_to(name: str, node: ast.AST) -> Iterator[ast.expr]:
    """Yield what the assignment *node* gives to *name*."""
    if isinstance(node, ast.Assign):
        target, value = node.targets[0], node.value
        both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        pairs = zip(target.elts, value.elts, strict=True) if both else [(target, value)]  # type: ignore[attr-defined]
        yield from (given for one, given in pairs if ast.unparse(one) == name)
