"""llama.cpp's CPU libraries built from the same source with one flag changed: what a wrong build would be."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from app.desk.cache import cache_folder
from app.llm.library import build_config
from bench.peer import unpack
from dev.build_engine import cache_key, run_build, tools

VARIANTS: dict[str, tuple[str, ...]] = {
    "AVX-512": ("-DGGML_AVX512=ON",),
    "no AVX2 (SSE4.2)": ("-DGGML_AVX=OFF", "-DGGML_AVX2=OFF", "-DGGML_FMA=OFF", "-DGGML_F16C=OFF", "-DGGML_BMI2=OFF"),
    "llamafile kernels off": ("-DGGML_LLAMAFILE=OFF",),
    "repacking off": ("-DGGML_CPU_REPACK=OFF",),
    "OpenMP": ("-DGGML_OPENMP=ON",),
    "BLAS": ("-DGGML_BLAS=ON", "-DGGML_BLAS_VENDOR=OpenBLAS"),
}


def libraries(name: str) -> Path:
    """Return the folder with `name`'s libggml*.so, built into the cache on first use (a few minutes).

    For LD_LIBRARY_PATH: it wins over the wheel's own. Ends the program if the build fails.
    """
    folder = cache_folder() / "variants" / cache_key() / name.translate(str.maketrans("", "", " ()."))
    if not folder.exists():
        with tempfile.TemporaryDirectory(prefix="sealed-llm-variant-") as scratch:
            python, build = tools(Path(scratch)), Path(scratch, "build")
            path = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
            configure: list[str | Path] = ["cmake", "-S", unpack(Path(scratch), python), "-B", build, "-G", "Ninja"]
            run_build([*configure, "-DBUILD_SHARED_LIBS=ON", *build_config()["flags"], *VARIANTS[name]], path)
            run_build(["cmake", "--build", build, "--target", "ggml", "--parallel"], path)
            made = folder.with_name(f"{folder.name}.{os.getpid()}")
            shutil.copytree(build / "bin", made)
            made.rename(folder)
    return folder
