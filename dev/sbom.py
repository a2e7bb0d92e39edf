"""Write what an image of this commit holds: sbom/sealed-llm.cdx.json (CycloneDX 1.6) and sbom/licences.md.

    sbom.py            write both
    sbom.py --check    only say whether they are up to date

Everything comes from where it is pinned: requirements/run.lock, app/llm/build.toml, the catalogues of models and of
the sandbox's guest, the bases in the Dockerfiles. Licences are what the packages' own metadata say. No time, no
random serial number: one commit, one file. What Debian put into the bases is not listed; their digest pins it.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from app import __version__
from app.llm.library import build_config
from app.llm.models import Model, catalogue

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "sbom"
GUEST = ROOT / "app/sandbox/guest.toml"
# The words that packages use which do not state an SPDX expression; another word is an error.
SPDX = {
    "MIT": "MIT",
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache-2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception": "Apache-2.0 WITH LLVM-exception",
    "MPL-2.0": "MPL-2.0",
    "Apache 2": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "BSD-2-Clause": "BSD-2-Clause",
    "Apache-2.0 AND MIT": "Apache-2.0 AND MIT",
    "PSF-2.0": "PSF-2.0",
    "BSD, Public Domain": "BSD-2-Clause AND LicenseRef-Public-Domain",  # pycryptodome
    "PSFL (Keccak: CC0 1.0 Universal)": "PSF-2.0 AND CC0-1.0",  # safe-pysha3
}


def licence_of(name: str) -> str:
    """Return the SPDX expression of an installed package."""
    data = importlib.metadata.metadata(name)
    if expression := data["License-Expression"]:
        return str(expression)
    words = [
        data["License"] or "",
        *(line.rpartition(" :: ")[2] for line in data.get_all("Classifier") or () if "License" in line),
    ]
    for word in words:
        if word in SPDX:
            return SPDX[word]
    raise SystemExit(f"sbom: error: no SPDX expression for the licence of {name}: {words}; add it to SPDX")


def component(kind: ComponentType, name: str, version: str, licence: str, **more: Any) -> Component:
    """Return one part of the image."""
    reference = f"{kind.value}/{name}@{version}"
    return Component(type=kind, name=name, version=version, bom_ref=reference, licenses=[LicenseExpression(licence)], **more)


def sha256(digest: str) -> list[HashType]:
    """Return a digest as CycloneDX has it."""
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)]


def wheels() -> Iterator[Component]:
    """Yield the packages of run.lock; which of a package's wheels is taken, its hashes there decide."""
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (ROOT / "requirements/run.lock").read_text(), re.MULTILINE):
        if importlib.metadata.version(name) != version:
            raise SystemExit(f"sbom: error: {name} {version} is locked and another version installed: run `make`")
        yield component(ComponentType.LIBRARY, name, version, licence_of(name), purl=PackageURL("pypi", None, name, version))


def engine() -> Component:
    """Return llama-cpp-python with the llama.cpp in its source archive."""
    config = build_config()
    name, version = config["binding"], config["version"]
    flags = [Property(name="sealed-llm:flags", value=" ".join(config["flags"]))]
    inner = component(ComponentType.LIBRARY, "llama.cpp", f"as in {name} {version}", "MIT")
    return component(
        ComponentType.LIBRARY, name, version, licence_of(name), hashes=sha256(config["sdist_sha256"]),
        purl=PackageURL("pypi", None, name, version), properties=flags, components=[inner],
    )  # fmt: skip


def model(entry: Model) -> Component:
    """Return the weights."""
    licence = entry.licence if entry.licence != "Llama-3.2" else "LicenseRef-Llama-3.2"
    kind = ComponentType.MACHINE_LEARNING_MODEL
    return component(kind, entry.name, entry.sha256[:12], licence, hashes=sha256(entry.sha256))


def guest() -> Iterator[Component]:
    """Yield the CPython that runs snippets, and what the build makes of it."""
    table = tomllib.loads(GUEST.read_text())
    cpython, built = table["guest"], table["build"]
    made = component(ComponentType.FILE, "app/sandbox/guest.bin", built["sha256"][:12], cpython["licence"])
    made.hashes.update(sha256(built["sha256"]))
    made.properties.add(Property(name="sealed-llm:engine", value=built["engine"]))
    source = sha256(cpython["sha256"])
    yield component(ComponentType.PLATFORM, cpython["name"], cpython["sha256"][:12], cpython["licence"], hashes=source)
    yield made


def base(dockerfile: str) -> Component:
    """Return the image that the recipe builds on: Debian and CPython."""
    found = re.search(r"^ARG BASE=(\S+):(\S+)@sha256:(\S+)$", (ROOT / dockerfile).read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"sbom: error: {dockerfile} has no pinned BASE")
    name, tag, digest = found.groups()
    url = PackageURL("oci", None, name, f"sha256:{digest}", {"tag": tag})
    only = Property(name="sealed-llm:of", value=dockerfile)
    licence = "PSF-2.0 AND LicenseRef-Debian"
    return component(ComponentType.CONTAINER, name, tag, licence, hashes=sha256(digest), purl=url, properties=[only])


def bill() -> Bom:
    """Return the whole; the model is the default one, which `make image` embeds."""
    bom = Bom()
    root = component(ComponentType.APPLICATION, "sealed-llm", __version__, "Apache-2.0")
    default = next(iter(catalogue().values()))
    parts = [*wheels(), engine(), model(default), *guest(), base("Dockerfile"), base("Dockerfile.scone")]
    bom.metadata.component = root
    bom.components.update(parts)
    bom.register_dependency(root, parts)
    return bom


def as_json(bom: Bom) -> str:
    """Return CycloneDX JSON without what changes from run to run."""
    text = json.loads(JsonV1Dot6(bom).output_as_string())
    del text["serialNumber"], text["metadata"]["timestamp"]
    return json.dumps(text, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_list(bom: Bom) -> str:
    """Return the licences as a table."""
    rows = [
        f"| {part.name} | {part.version} | {next(iter(part.licenses)).value} |"
        for part in sorted(bom.components, key=lambda part: (part.type.value, part.name, str(part.version)))
    ]
    title = "What an image holds besides this project's own code (Apache-2.0), and under which licence. Written by `make sbom`."
    return "\n".join([title, "", "| part | version | licence (SPDX) |", "| --- | --- | --- |", *rows]) + "\n"


def main() -> None:
    """Write or check."""
    bom = bill()
    for path, text in ((FOLDER / "sealed-llm.cdx.json", as_json(bom)), (FOLDER / "licences.md", as_list(bom))):
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            raise SystemExit(f"{path.relative_to(ROOT)} is out of date: run `make sbom`")


if __name__ == "__main__":
    main()
