"""What the guest has not, told from what a snippet does wrong; and imports that mean the snippet.

Read as text by `app.sandbox.build`, as harness.py is.
"""

from __future__ import annotations

import ast
import builtins
import io
import os
import sys
import types
from typing import Any

from app.sandbox.harness_checks import TALLY, TEST
from app.sandbox.harness_pytest import Unavailable

_NOT_SUPPORTED = 58  # ENOTSUP in WASI
# Functions that other systems have.
_OS = frozenset(
    "chmod chown cpu_count execl execv execve execvp fork getegid geteuid getgid getlogin getppid getuid kill killpg "
    "mkfifo nice openpty pipe popen posix_spawn setuid spawnl spawnv statvfs system umask wait waitpid".split()
)
# Libraries that tests and snippets ask for and that are not here: any other unknown module of a test is the snippet.
FOREIGN = frozenset(
    "aiofiles aiohttp anyio arrow assertpy attr attrs bcrypt bokeh boto3 bs4 celery cffi codewars_test colorama "
    "cryptography cupy cv2 cvxpy cython dash dask dateutil discord django docx dotenv duckdb emoji faker fastapi flask "
    "freezegun gensim gmpy2 google h5py hamcrest httpx hypothesis imageio jax jinja2 joblib jsonschema jwt keras langchain "
    "lightgbm loguru lxml markdown marshmallow matplotlib mlflow mock mpmath msgpack mypy mysql nbformat networkx nltk nose "
    "nose2 numba numexpr numpy onnx openai openpyxl orjson pandas parameterized paramiko passlib peewee pendulum PIL "
    "playwright plotly polars prettytable psutil psycopg psycopg2 pyarrow pyautogui pydantic pydub pygame pymongo pymysql "
    "pyperclip pyspark pytest_asyncio pytest_mock pytz qiskit rapidfuzz redis regex reportlab requests responses rich "
    "ruamel sanic scapy scipy scrapy seaborn selenium serial shapely simpy six sklearn spacy sqlalchemy sqlmodel starlette "
    "statsmodels streamlit sure sympy tabulate telebot telegram tensorflow testfixtures tiktoken toml toolz torch "
    "torchvision tornado tqdm transformers trio tweepy twisted typer typing_extensions ujson urllib3 uvicorn web3 websocket "
    "websockets werkzeug wx xgboost xlrd xlsxwriter yaml zmq".split()
)
_STDLIB = ("socket", "subprocess", "threading", "ssl", "asyncio", "multiprocessing", "tempfile", "concurrent")


def lack(err: BaseException) -> tuple[str, str] | None:
    """Return what an exception says is not here, in one word and in a sentence; None if it says something else."""
    if isinstance(err, Unavailable):
        return str(err).split()[0], str(err)
    if isinstance(err, ModuleNotFoundError) and err.name:
        return err.name, f"there is no module {err.name} here"
    if isinstance(err, AttributeError) and isinstance(err.obj, types.ModuleType):
        owner = err.obj.__name__
        if owner == "_socket" or (owner == "os" and err.name in _OS):
            return (owner.lstrip("_"), f"{owner.lstrip('_')}.{err.name} does not work here")
    if isinstance(err, RuntimeError) and str(err) == "can't start new thread":
        return "threading", "there are no threads here"
    if isinstance(err, OSError):
        inside = _innermost(err)
        if getattr(err, "no_files", False) or inside == "tempfile":
            return "files", "there are no files here"
        if err.errno == _NOT_SUPPORTED or (isinstance(err, NotImplementedError) and inside):
            return inside or "system", f"{inside or 'what was asked of the system'} does not work here"
    return None


def is_foreign(name: str) -> bool:
    """Return whether a module that is not here is a well-known one, so that no test means the snippet by it."""
    top = name.partition(".")[0]
    return top in FOREIGN or top in sys.stdlib_module_names


def _innermost(err: BaseException) -> str:
    """Return the last module of the standard library that an exception came through, of those that reach outside."""
    found, at = "", err.__traceback__
    while at is not None:
        top = str(at.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        found = top if top in _STDLIB else found
        at = at.tb_next
    return found


def install() -> None:
    """Let what cannot write a file say so; a file that is missing is missing elsewhere, too."""

    def open(file: Any, mode: str = "r", *args: Any, **words: Any) -> Any:
        try:
            return opened(file, mode, *args, **words)
        except OSError as err:
            err.no_files = isinstance(mode, str) and bool(set(mode) & set("wax+"))  # type: ignore[attr-defined]
            raise

    def mkdir(*args: Any, **words: Any) -> None:
        try:
            made(*args, **words)
        except OSError as err:
            err.no_files = True  # type: ignore[attr-defined]
            raise

    opened, made = io.open, os.mkdir
    open.__module__ = "io"
    io.open = builtins.open = open
    os.mkdir = mkdir


def importer(scope: dict[str, Any], tree: ast.Module | None) -> Any:
    """Return an `__import__` for which a module that is not here, imported by the test, is the snippet.

    So it is where a module is here, but lacks a name that the snippet has.
    """
    real, snippet = builtins.__import__, sys.modules[scope["__name__"]]
    attributes = _attributes(tree)

    def find(name: str, space: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        if sys._getframe(1).f_code.co_filename != TEST:
            return real(name, space, local, wanted, level)
        if not level and name != "__main__":
            try:
                found = real(name, space, local, wanted, level)
            except ModuleNotFoundError as err:
                if not name.startswith(err.name or " ") or is_foreign(name):
                    raise
                found = None
            TALLY.uses = TALLY.uses or found is snippet
            if found is not None and not any(not hasattr(found, one) and one in scope for one in wanted or ()):
                return found
        TALLY.uses = True
        for one in wanted or ():
            if one != "*" and one not in scope:
                if not attributes.get(one, set()) & scope.keys():
                    raise ImportError(f"the snippet does not define {one}, and there is no module {name or '.'} that does")
                scope[one] = snippet  # `from package import module`
        return snippet if wanted or "." not in name else _nested(name.split(".")[:-1], snippet)

    return find


def _nested(outer: list[str], snippet: types.ModuleType) -> types.ModuleType:
    """Return the package that `import a.b` binds, with the snippet as its innermost module, whatever its name."""
    made = types.ModuleType(outer[0])
    inner = snippet if len(outer) == 1 else _nested(outer[1:], snippet)
    vars(made)["__getattr__"] = lambda _: inner
    return made


def _attributes(tree: ast.Module | None) -> dict[str, set[str]]:
    """Return the attributes that a test takes of each name."""
    found: dict[str, set[str]] = {}
    for one in ast.walk(tree) if tree else ():
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            found.setdefault(one.value.id, set()).add(one.attr)
    return found
