"""The documentation builds without a warning, no link in it is dead, and a page needs nothing from a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dev.check_drift import anchors, pages
from tests.support.desk import ROOT

SPHINX = ROOT / ".venv/docs/bin/sphinx-build"
needs_sphinx = pytest.mark.skipif(not SPHINX.is_file(), reason="Sphinx is not in .venv/docs (`make docs` puts it there)")
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}  # fetched with a page


class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given and (name == "id" or tag == "a")}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if LOADS.get(tag) in given:
            self.loads.append(given[LOADS[tag]])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that Sphinx built, with the flags of `make docs`, without a network to ask."""
    folder = tmp_path_factory.mktemp("docs")
    command = [os.fspath(SPHINX), "-W", "--keep-going", "-n", "-E", "-q", "-b", "html", "-d", os.fspath(folder / "trees")]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    command += [os.fspath(ROOT / "docs"), os.fspath(folder / "html")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env={"PATH": os.environ["PATH"], **nowhere}
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return folder / "html"


def dead(folder: Path) -> Iterator[str]:
    """Yield every link inside of the built pages that leads nowhere."""
    parsed = {path: Page(path) for path in folder.rglob("*.html")}
    for path, page in parsed.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            ids = parsed[target].ids if target in parsed else set()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in ids):
                yield f"{path.name}: {link}"


@needs_sphinx
def test_no_link_inside_of_the_pages_is_dead(built: Path, tmp_path: Path) -> None:
    assert list(dead(built)) == []
    assert {page.relative_to(ROOT / "docs").with_suffix(".html") for page in pages() if page.is_relative_to(ROOT / "docs")} <= {
        page.relative_to(built) for page in built.rglob("*.html")
    }
    (tmp_path / "a.html").write_text(
        '<p id="x"><a href="#x"></a><a href="#y"></a><a href="b.html"></a><a href="//else/"></a></p>'
    )
    assert list(dead(tmp_path)) == ["a.html: #y", "a.html: b.html"]


@needs_sphinx
def test_a_page_needs_nothing_from_elsewhere(built: Path) -> None:
    """No script, style, font or picture of another host; the search and its index lie beside the pages."""
    loads = [load for path in built.rglob("*.html") for load in Page(path).loads]
    assert any(".css" in load for load in loads) and any(".js" in load for load in loads)
    assert [load for load in loads if urlsplit(load).netloc or urlsplit(load).scheme not in ("", "data")] == []
    for path in built.rglob("*.css"):
        assert not re.search(r"(url\(\s*['\"]?|@import\s+['\"]?)\s*(https?:)?//", path.read_text()), path.name
    assert "dataprotector" in (built / "searchindex.js").read_text()
    assert (built / "search.html").is_file()


@needs_sphinx
def test_an_anchor_of_github_s_is_one_of_the_page_too(built: Path) -> None:
    for page in pages():
        if page.is_relative_to(ROOT / "docs"):
            there = Page(built / page.relative_to(ROOT / "docs").with_suffix(".html")).ids
            assert anchors(page.read_text()) <= there, page.name


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_of_a_page_s_source_is_there(page: Path) -> None:
    """As GitHub follows them: files, folders and anchors of Markdown files."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"^%", text, re.MULTILINE), "a line that begins with % is a comment to MyST"
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists() and target.is_relative_to(ROOT), f"{link} leads nowhere"
        assert not parts.fragment or parts.fragment in anchors(target.read_text()), f"{link} has no such section"


def test_the_second_opinion_is_nowhere_taken_for_a_judge_of_the_code() -> None:
    """It tells answers that are not about the task; of right and wrong it knows next to nothing."""
    schema = json.loads((ROOT / "schema/result-v1.schema.json").read_text())
    field = schema["$defs"]["CodeAnswer"]["properties"]["second_opinion"]
    assert field["anyOf"][0]["enum"] == ["on_task", "off_task"]
    texts = [block for page in pages() for block in re.split(r"\n\s*\n|\n(?=[|#-])", page.read_text())]
    named = [text for text in [*texts, field["description"]] if re.search(r"second[_ ]opinion", text)]
    assert len(named) > 3
    assert not [text for text in named if re.search(r"\b(right|wrong|correct\w*|incorrect|yes)\b", text, re.IGNORECASE)]


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
