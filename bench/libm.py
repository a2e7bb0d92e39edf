"""Does another C library give other bits? The sines and cosines that rotate a model's queries and keys, glibc against musl.

    python -m bench.libm

Compiles one small program with cc and with musl-gcc (Debian: musl-tools) and counts the pairs that differ. llama.cpp
calls sinf and cosf for every position (RoPE); their last bit is the C library's choice, and no build flag fixes it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

POSITIONS = 8_192
BASES = "100000.0f, 1000000.0f"  # rope.freq_base of SmolLM2 and of Qwen2.5
SOURCE = """
#include <math.h>
#include <stdio.h>
int main(void) {
    const float bases[] = {BASES};
    for (unsigned b = 0; b < sizeof bases / sizeof *bases; b++) {
        const float scale = powf(bases[b], -2.0f / 64);
        for (int position = 0; position < POSITIONS; position++) {
            float theta = position;
            for (int pair = 0; pair < 32; pair++, theta *= scale)
                printf("%a %a\\n", sinf(theta), cosf(theta));
        }
    }
}
"""


def differences() -> tuple[int, int] | None:
    """Return how many pairs differ, and of how many; None if there is no musl-gcc here."""
    if shutil.which("musl-gcc") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "rope.c")
        source.write_text(SOURCE)
        found = []
        for compiler, extra in (("cc", []), ("musl-gcc", ["-static"])):
            program = Path(folder, compiler)
            flags = [f"-DBASES={BASES}", f"-DPOSITIONS={POSITIONS}", "-O2", "-fno-builtin", "-ffp-contract=off", *extra]
            subprocess.run([shutil.which(compiler) or compiler, *flags, source, "-o", program, "-lm"], check=True)
            found.append(subprocess.run([program], check=True, capture_output=True).stdout.splitlines())
    return sum(ours != theirs for ours, theirs in zip(*found, strict=True)), len(found[0])


def line() -> str:
    """Return the outcome in one line."""
    if (found := differences()) is None:
        return "glibc and musl: not compared, there is no musl-gcc here"
    return f"glibc and musl: {found[0]:,} of {found[1]:,} sine and cosine pairs of RoPE differ"


if __name__ == "__main__":
    print(line())
