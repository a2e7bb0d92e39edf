"""What counts as a check in a test, and which of them failed. Read as text by `app.sandbox.build`, as harness.py is.

A check is an assertion that really ran and that could have failed; a bare comparison is one, as a person means it. One that
failed is remembered, so that no `except` of the test turns it into a pass.
"""

from __future__ import annotations

import ast
import types
from typing import Any

SNIPPET, TEST = "<snippet>", "<test>"
SHOWN = 160  # characters of a value in a message
# Names that no snippet can spell.
_SIDES, _EXPLAIN, _PLAIN = ("left side", "right side"), "explain both sides", "explain a failure"
_COUNT, _NOTE, _QUIET, _NOTICE = "count a check", "note a failure", "do not count", "notice a call"
_ALWAYS = types.FunctionType | types.BuiltinFunctionType | types.ModuleType | type  # values that are never false


class Words:
    """A message that was put together here."""

    def __init__(self, text: str) -> None:
        """Keep it."""
        self.text = text


class Failure(Exception):
    """A unit of a test that failed: its name and the exception."""

    def __init__(self, name: str, cause: BaseException) -> None:
        """Keep both."""
        self.name, self.cause = name, cause


class Tally:
    """What a test checked."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.count, self.failed, self.quiet, self.skipped, self.uses = 0, list[str](), 0, 0, False

    def check(self, value: Any, alone: bool = False) -> Any:
        """Return `value`, the outcome of a check; that a name stands for a function, which is no outcome, if `alone`."""
        self.count += not (self.quiet or (alone and isinstance(value, _ALWAYS)))
        return value

    def note(self, err: Any) -> Any:
        """Return an AssertionError that the test is about to raise."""
        self.failed.append(str(err) or "AssertionError")
        return err

    def explain(self, keep: bool, source: str, left: object, right: object) -> Words:
        """Return the words for a comparison that does not hold."""
        return self.plain(keep, f"{source}: the left side is {shown(left)}, the right side {shown(right)}")

    def plain(self, keep: bool, source: str) -> Words:
        """Return the words for any other assertion that does not hold; with `keep`, nothing can undo it."""
        if keep:
            self.failed.append(source)
        return Words(source)

    def notice(self, call: Any, *args: Any, **words: Any) -> Any:
        """Return what a call gives that checks something, whether or not it counts itself."""
        count, failed = self.count, len(self.failed)
        try:
            said = call(*args, **words)
        except AssertionError as err:
            if len(self.failed) == failed and not self.quiet:
                self.failed.append(str(err))
            raise
        self.count += self.count == count and not self.quiet
        return said

    def constant(self, call: Any, *args: Any, **words: Any) -> Any:
        """Return what a call with nothing but constants gives: of unittest's, its checks are none; of a mock's, they are."""
        is_case = any(one.__name__ == "TestCase" for one in type(getattr(call, "__self__", None)).__mro__)
        return (self.silently if is_case else self.notice)(call, *args, **words)

    def silently(self, call: Any, *args: Any, **words: Any) -> Any:
        """Return what a call gives whose checks are not counted."""
        self.quiet += 1
        try:
            return call(*args, **words)
        finally:
            self.quiet -= 1


TALLY = Tally()


def names() -> dict[str, Any]:
    """Return what a program of `Checks` finds in its namespace."""
    made = (TALLY.explain, TALLY.plain, TALLY.check, TALLY.note, TALLY.constant, TALLY.notice)
    return dict(zip((_EXPLAIN, _PLAIN, _COUNT, _NOTE, _QUIET, _NOTICE), made))


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    try:
        text = repr(value)
    except BaseException:
        text = "a value without repr"
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class Checks(ast.NodeTransformer):
    """Counts the checks of a test, and gives each the words for its failure; every value is evaluated once."""

    def __init__(self, source: str) -> None:
        """Take the text of the test."""
        self._source, self._keep = source, True

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        """Return the assertion with words of our own."""
        return self._assertion(node, node.test)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Return a bare comparison as an assertion."""
        said = node.value
        if isinstance(said, ast.Tuple) and said.elts and _compares(said.elts[0]):
            said = said.elts[0]  # with a message behind a comma, as after `assert`
        return self._assertion(node, said) if _compares(said) else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Note `raise AssertionError(…)`."""
        self.generic_visit(node)
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if node.exc and isinstance(raised, ast.Name) and raised.id == "AssertionError" and self._keep:
            made = node.exc if isinstance(node.exc, ast.Call) else ast.Call(node.exc, [], [])
            node.exc = _call(_NOTE, made)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Count `if wrong: raise …`."""
        self.generic_visit(node)
        if isinstance(node.body[-1], ast.Raise) and not is_fixed(node.test):
            node.test = _call(_COUNT, node.test)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """Count the handler that is reached if an exception came as it should: behind the call stands what fails."""
        trap = any(_fails(one) for one in (*node.body, *node.orelse))
        self.generic_visit(node)
        for handler in node.handlers if trap else ():
            handler.body.insert(0, ast.Expr(_call(_COUNT, ast.Constant(value=True))))
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        """Leave a failure alone that is expected: `with raises(AssertionError):`."""
        kept = self._keep
        self._keep = kept and not any(_expects_failure(item.context_expr) for item in node.items)
        self.generic_visit(node)
        self._keep = kept
        return node

    visit_AsyncWith: Any = visit_With
    visit_TryStar: Any = visit_Try

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Count `mock.assert_called_with(…)` and the like, and do not count `self.assertTrue(True)`."""
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if not name.startswith("assert"):
            return node
        way = _QUIET if node.args and all(_is_constant(arg) for arg in node.args) else _NOTICE
        return ast.copy_location(_call(way, node.func, *node.args, keywords=node.keywords), node)

    def _assertion(self, node: ast.stmt, test: ast.expr) -> ast.Assert:
        source = (ast.get_source_segment(self._source, node) or "an assertion")[: 2 * SHOWN]
        fixed, keep = is_fixed(test), ast.Constant(value=self._keep)
        alone = ast.Constant(value=isinstance(test, ast.Name | ast.Attribute))
        test = self.visit(test)
        told = _call(_PLAIN, keep, ast.Constant(value=source))
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and not fixed:
            left, right = (
                ast.NamedExpr(ast.Name(name, ast.Store()), value) for name, value in zip(_SIDES, [test.left, *test.comparators])
            )
            told = _call(_EXPLAIN, keep, ast.Constant(value=source), *(ast.Name(name, ast.Load()) for name in _SIDES))
            test = ast.Compare(left, test.ops, [right])
        return ast.copy_location(ast.Assert(test if fixed else _call(_COUNT, test, alone), told), node)


def is_fixed(node: ast.expr) -> bool:
    """Return whether it is plain that an expression is always true, or always false, whatever the snippet does."""
    return _truth(node) is not None


def _truth(node: ast.expr) -> bool | None:
    """Return what an expression always is, None if that depends."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return None if any(isinstance(part, ast.Starred) for part in parts) else bool(parts)
        case ast.Dict(keys=keys):
            return None if None in keys else bool(keys)
        case ast.Lambda() | ast.GeneratorExp() | ast.ListComp(elt=ast.Compare()):  # the last: outcomes, true if there are any
            return True
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = _truth(operand)
            return None if found is None else not found
        case ast.NamedExpr(value=value):
            return _truth(value)
        case ast.BoolOp(op=op, values=values):
            decides = isinstance(op, ast.Or)
            all_of = [_truth(value) for value in values]
            return decides if decides in all_of else None if None in all_of else not decides
        case ast.IfExp(body=body, orelse=orelse):
            return _truth(body) if _truth(body) == _truth(orelse) else None
    return _value(node) if _is_constant(node) else None


def _is_constant(node: ast.expr) -> bool:
    return not any(isinstance(one, ast.Name | ast.Call | ast.Await) for one in ast.walk(node))


def _value(node: ast.expr) -> bool:
    try:
        return bool(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return True  # `1 == 1`: fixed, whichever


def _compares(node: ast.expr) -> bool:
    """Return whether an expression is a comparison, or joins some."""
    if isinstance(node, ast.BoolOp):
        return _compares(node.values[0])
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    return isinstance(node, ast.Compare)


def _fails(node: ast.stmt) -> bool:
    """Return whether a statement does nothing but fail."""
    if isinstance(node, ast.Assert):
        return is_fixed(node.test)
    called = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Expr) else None
    name = called.func if isinstance(called, ast.Call) else called
    spelled = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
    return spelled == "AssertionError" if isinstance(node, ast.Raise) else spelled == "fail" and isinstance(called, ast.Call)


def _expects_failure(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    named = {one.id for arg in node.args for one in ast.walk(arg) if isinstance(one, ast.Name)}
    return name in ("raises", "assertRaises", "assertRaisesRegex") and bool(named & {"AssertionError", "Exception"})


def _call(name: str, *args: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), keywords or [])
