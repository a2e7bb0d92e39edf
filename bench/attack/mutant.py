"""One mutant: a module with one thing changed by an operator of mutmut's, and how to put it in the place of the module.

Not made: mutants of annotations, of docstrings, of `len` and `isinstance` (mutmut's own rules). Left out here: those whose
syntax tree is the same, and those that change words for people alone, the message of an error: a code is a promise and
tested, its wording is not.
"""

from __future__ import annotations

import ast
import difflib
import gc
import importlib.abc
import importlib.machinery
import re
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bench.attack.places import ROOT

UNCHANGED = -1
Made = Literal["mutant", "same", "wording"]
_TYPES = (
    "app/result/report.py",
    "app/crypto/signing.py",
)  # their constants are types, of which classes were made
_WORDS = re.compile(r"[^%\\<>{}\[\]$]* [^%\\<>{}\[\]$]*")  # at least two words, and nothing that a format would hold


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is changed: the key of it is `module`, `function`, `was` and `now`, which hold when lines move."""

    module: str
    """Path from the root."""
    function: str
    """Qualified name; empty for what runs at import."""
    was: str
    """The changed lines without their indentation."""
    now: str
    made: Made
    source: str
    """All of the mutated module."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what names this mutant among all."""
        return self.module, self.function, self.was, self.now


@cache
def _mutations(module: str) -> tuple[Any, Sequence[Any]]:
    from mutmut.mutation.file_mutation import create_mutations

    made, mutations, _, _ = create_mutations(module, (ROOT / module).read_text())
    return made, mutations


def count(module: str) -> int:
    """Return how many mutants mutmut's operators make of a module."""
    return len(_mutations(module)[1])


def function_of(module: str, number: int) -> str:
    """Return the name of the outermost function that mutant `number` is in; empty at the level of the module or a class."""
    if number == UNCHANGED:
        return ""
    found = _mutations(module)[1][number].contained_by_top_level_function
    return str(found.name.value) if hasattr(found, "name") else ""


def mutant(module: str, number: int) -> Mutant:
    """Return mutant `number` of a module; with `UNCHANGED` one that is none, which no test may kill."""
    whole, mutations = _mutations(module)
    if number == UNCHANGED:
        return Mutant(module, "", "", "", "mutant", whole.code)
    mutation = mutations[number]
    source = whole.deep_replace(mutation.original_node, mutation.mutated_node).code
    before, after = whole.code.splitlines(), source.splitlines()
    diff = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    was, now = (" ".join(line[1:].strip() for line in diff if line[0] == mark) for mark in "-+")
    return Mutant(module, function_of(module, number), was, now, _judge(whole.code, source), source)


def _judge(before: str, after: str) -> Made:
    try:
        found = _difference(ast.parse(before), ast.parse(after))
    except SyntaxError:
        return "mutant"  # and dead at once
    if found is None:
        return "same"
    old, new = found
    is_word = isinstance(old, ast.Constant) and isinstance(old.value, str) and bool(_WORDS.fullmatch(old.value))
    is_wording = isinstance(new, ast.Constant) and (is_word or isinstance(old, ast.JoinedStr))
    return "wording" if is_wording else "mutant"


def _difference(old: Any, new: Any) -> tuple[Any, Any] | None:
    """Return the smallest two subtrees that hold all of the difference."""
    if type(old) is not type(new):
        return old, new
    if isinstance(old, ast.Constant):
        return None if (type(old.value), old.value) == (type(new.value), new.value) else (old, new)
    if isinstance(old, ast.AST):
        parts = [(getattr(old, name, None), getattr(new, name, None)) for name in old._fields]
    elif isinstance(old, list):
        if len(old) != len(new):
            return old, new
        parts = list(zip(old, new, strict=True))
    else:
        return None if old == new else (old, new)
    found = [difference for one, other in parts if (difference := _difference(one, other)) is not None]
    return None if not found else found[0] if len(found) == 1 else (old, new)


Functions = Mapping[tuple[str, str], Sequence[types.FunctionType]]


def functions(modules: Sequence[str]) -> Functions:
    """Return every function that was loaded from the modules, by path and qualified name: decorated ones as well."""
    paths = {str(ROOT / module): module for module in modules}
    found: dict[tuple[str, str], list[types.FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, types.FunctionType) and one.__code__.co_filename in paths:
            found.setdefault((paths[one.__code__.co_filename], one.__code__.co_qualname), []).append(one)
    return found


def swap(one: Mutant, known: Functions) -> bool:
    """Give the loaded function the mutated code; False if the difference is not in its code, or there is no such function."""
    done = False
    for code in _codes(compile(one.source, str(ROOT / one.module), "exec", dont_inherit=True)):
        for function in known.get((one.module, code.co_qualname), ()):
            if _bare(function.__code__) != _bare(code) and function.__code__.co_freevars == code.co_freevars:
                function.__code__ = code
                done = True
    return done


def rebind(one: Mutant) -> bool:
    """Give the loaded modules what the mutated assignments at the level of the module make; False if it is no assignment.

    Raises what the mutated module raises when it is imported.
    """
    before, after = ast.parse((ROOT / one.module).read_text()).body, ast.parse(one.source).body
    if len(before) != len(after):
        return False
    changed = [new for old, new in zip(before, after, strict=True) if _difference(old, new) is not None]
    if not all(isinstance(statement, ast.Assign | ast.AnnAssign) for statement in changed):
        return False
    names: set[str] = set()
    for statement in after:  # in order: what is made of a changed value changes as well
        if isinstance(statement, ast.Assign | ast.AnnAssign) and (statement in changed or names & _named(statement.value)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    if one.module in _TYPES or any(names & _made_of(statement) for statement in after):
        return False
    loaded = sys.modules[_name(one.module)]
    if any(_is_used(name, loaded) for name in names):
        return False
    fresh = types.ModuleType(loaded.__name__)
    fresh.__dict__.update(__file__=loaded.__file__, __package__=loaded.__package__)
    exec(compile(one.source, str(ROOT / one.module), "exec", dont_inherit=True), fresh.__dict__)  # noqa: S102  its purpose
    for name in names & loaded.__dict__.keys():
        old = loaded.__dict__[name]
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is old:
                module.__dict__[name] = fresh.__dict__[name]
    return bool(names)


def _made_of(statement: ast.stmt) -> set[str]:
    """Return the names that a class, or a function's decorators and default values, are made of: once, at import."""
    if isinstance(statement, ast.ClassDef):
        return _named(statement)
    if not isinstance(statement, ast.FunctionDef):
        return set()
    given = [*statement.decorator_list, *statement.args.defaults, *statement.args.kw_defaults]
    return set[str]().union(*map(_named, given))


def _is_used(name: str, loaded: types.ModuleType) -> bool:
    """Return whether another module of the product took the name and made something else of it at import."""
    value = loaded.__dict__.get(name)
    places = [
        str(module.__file__)
        for module in list(sys.modules.values())
        if module is not loaded and _is_ours(module) and value is not None and module.__dict__.get(name) is value
    ]
    return any(
        name in (_named(statement.value) if isinstance(statement, ast.Assign | ast.AnnAssign) else _made_of(statement))
        for place in places
        if place.startswith(f"{ROOT}/app/")
        for statement in ast.parse(Path(place).read_text()).body
    )


def _named(node: ast.AST | None) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)} if node else set()


def _name(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _codes(const)


def _bare(code: types.CodeType) -> object:
    """Return a code without its lines, which a mutation may move."""
    consts = tuple(_bare(one) if isinstance(one, types.CodeType) else (type(one), repr(one)) for one in code.co_consts)
    return code.co_code, consts, code.co_names, code.co_varnames, code.co_flags, code.co_exceptiontable


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutated module in the place of the one on the disk."""

    def __init__(self, one: Mutant) -> None:
        self.name = _name(one.module)
        self.one = one

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """Return a spec for the mutated module alone."""
        del path, target
        if fullname != self.name:
            return None
        place = ROOT / self.one.module
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=str(place), is_package=place.name == "__init__.py")
        spec.has_location = True
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(str(place.parent))
        return spec

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the mutated source."""
        exec(compile(self.one.source, str(ROOT / self.one.module), "exec", dont_inherit=True), module.__dict__)  # noqa: S102  its purpose


def install(one: Mutant) -> None:
    """Forget everything that was loaded from this project, and load the mutant from now on."""
    for name in [name for name, module in sys.modules.items() if _is_ours(module)]:
        del sys.modules[name]
    sys.meta_path.insert(0, Instead(one))


def _is_ours(module: types.ModuleType) -> bool:
    """Return whether a module is the product's or a test; a namespace's own path cannot be asked once its parent is gone."""
    spec = module.__dict__.get("__spec__")
    if spec is not None and spec.name in ("tests", "app"):
        return True
    place = str(module.__dict__.get("__file__") or (spec.submodule_search_locations if spec is not None else "") or "")
    return any(f"{ROOT}/{folder}/" in place for folder in ("app", "tests"))
