"""Static findings in Python: code that a reader should look at before running it. They are warnings and never a verdict."""

from __future__ import annotations

import ast

from app.result.answers.code import Finding

_MOST = 64  # the most findings in one answer
_MODULES = {
    **dict.fromkeys(("socket", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib"), "network"),
    **dict.fromkeys(("telnetlib", "socketserver", "websockets", "paramiko", "xmlrpc"), "network"),
    **dict.fromkeys(("subprocess", "multiprocessing", "pty", "signal"), "process"),
    **dict.fromkeys(("ctypes", "cffi", "mmap"), "native_code"),
    **dict.fromkeys(("pickle", "marshal", "importlib", "runpy", "code"), "dynamic_code"),
}
_NAMES = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), "dynamic_code"),
    **dict.fromkeys(("os.system", "os.popen", "os.fork", "os.kill", "os.execv", "os.execve", "os.spawnv"), "process"),
    **dict.fromkeys(("os._exit", "os.posix_spawn", "os.execvp", "os.execl", "os.spawnl"), "process"),
    **dict.fromkeys(("os.remove", "os.unlink", "os.rmdir", "os.removedirs", "os.truncate", "shutil.rmtree"), "file_deletion"),
}
_METHODS = {"unlink": "file_deletion", "rmdir": "file_deletion", "rmtree": "file_deletion"}


def findings(code: str) -> tuple[Finding, ...]:
    """Return the findings in `code`, in order of lines, at most 64; none if it is not Python."""
    tree = syntax_tree(code)
    if tree is None:
        return ()
    known = _aliases(tree)
    found = sorted({(line, kind, name) for node in ast.walk(tree) for kind, name, line in _look(node, known)})
    return tuple(Finding.model_validate({"kind": kind, "name": name, "line": line}) for line, kind, name in found[:_MOST])


def syntax_tree(code: str) -> ast.Module | None:
    """Return the syntax tree, None if `code` is not Python. The result depends on the text alone, however deep its nesting."""
    import warnings

    try:
        with warnings.catch_warnings(action="ignore"):  # for example an invalid escape
            return ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return a map from local name to dotted name for all imports."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {name.asname: name.name for name in node.names if name.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return known


def _look(node: ast.AST, known: dict[str, str]) -> list[tuple[str, str, int]]:
    if isinstance(node, ast.Import):
        modules = [name.name.partition(".")[0] for name in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [(node.module or "").partition(".")[0]]
    elif isinstance(node, ast.Name | ast.Attribute):
        name = _dotted(node, known)
        kind = _NAMES.get(name)
        if kind is None and isinstance(node, ast.Attribute):
            name = node.attr
            kind = _METHODS.get(name)
        return [(kind, name, node.lineno)] if kind else []
    else:
        return []
    return [(_MODULES[module], module, node.lineno) for module in modules if module in _MODULES]


def _dotted(node: ast.AST, known: dict[str, str]) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([known.get(node.id, node.id), *reversed(parts)])
