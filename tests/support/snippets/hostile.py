"""Snippets that mean harm, or just go wrong: name, snippet, test, and the verdict that is right."""

from __future__ import annotations

from typing import NamedTuple


class Hostile(NamedTuple):
    name: str
    code: str
    test: str
    status: str


LIVES = "assert __name__ == 'snippet'"  # true of every snippet that came to its end

# Reads the test and its nonce as the harness would, and says what a pass says.
_READS_THE_NONCE = """
import json, os
os.lseek(0, 2, 0)
job = json.loads(os.read(0, 65536))
os.write(2, (job["nonce"] + '["passed", ""]').encode())
os._exit(0)
"""
_HOOKS_EXEC = """
import builtins
builtins.exec = builtins.compile = lambda *a, **k: None
"""
_PATCHES_THE_HARNESS = """
import sys
frame = sys._getframe()
while frame:
    for name in ("verdict", "_try"):
        if name in frame.f_globals:
            frame.f_globals[name] = lambda *a: ("passed", "")
    frame = frame.f_back
"""
_WALKS_FRAMES = """
import sys
frame = sys._getframe()
while frame:
    for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
        if isinstance(value, dict) and "nonce" in value:
            raise SystemExit(0)
    frame = frame.f_back
assert False, "there is no nonce to be found"
"""

FILES = [
    Hostile("reads-passwd", "open('/etc/passwd').read()", LIVES, "error"),
    Hostile("reads-proc", "open('/proc/self/environ').read()", LIVES, "error"),
    Hostile("writes-file", "open('out.txt', 'w').write('x')", LIVES, "unavailable"),
    Hostile("writes-tmp", "import tempfile\ntempfile.mkstemp()", LIVES, "unavailable"),
    Hostile("lists-root", "import os\nos.listdir('/')", LIVES, "error"),
    Hostile("deletes-tree", "import shutil\nshutil.rmtree('/')", LIVES, "error"),
    Hostile("opens-descriptors", "import os\nfor fd in range(3, 256): os.read(fd, 1)", LIVES, "error"),
    Hostile("writes-to-stdin", "import os\nos.write(0, b'x')", LIVES, "error"),
    Hostile("symlink", "import os\nos.symlink('/etc', 'x')", LIVES, "error"),
    Hostile("chdir", "import os\nos.chdir('/root')", LIVES, "error"),
]
OUTSIDE = [
    Hostile("socket", "import socket\nsocket.socket()", LIVES, "unavailable"),
    Hostile("name-lookup", "import _socket\n_socket.getaddrinfo('localhost', 80)", LIVES, "unavailable"),
    Hostile("system", "import os\nos.system('id')", LIVES, "unavailable"),
    Hostile("subprocess", "import subprocess\nsubprocess.run(['id'])", LIVES, "unavailable"),
    Hostile("fork", "import os\nos.fork()", LIVES, "unavailable"),
    Hostile("kill", "import os\nos.kill(1, 9)", LIVES, "unavailable"),
    Hostile("signal", "import signal\nsignal.raise_signal(9)", LIVES, "error"),
    Hostile("thread", "import threading\nthreading.Thread(target=print).start()", LIVES, "unavailable"),
    Hostile("multiprocessing", "import multiprocessing", LIVES, "unavailable"),
    Hostile("ctypes", "import ctypes", LIVES, "unavailable"),
    Hostile("mmap", "import mmap\nmmap.mmap(-1, 4096)", LIVES, "unavailable"),
    Hostile("environment", "import os\nassert set(os.environ) <= {'PYTHONHASHSEED'}", LIVES, "passed"),
    Hostile("no-clock", "import time\nassert time.time() == 0.0 == time.perf_counter()", LIVES, "passed"),
    Hostile("no-entropy", "import os\nassert os.urandom(16) == bytes(16)", LIVES, "passed"),
    Hostile("sleeps-for-ever", "import time\ntime.sleep(10**9)", LIVES, "passed"),
    Hostile("not-installed", "import numpy", LIVES, "unavailable"),
    Hostile("host-package", "import app.run", LIVES, "unavailable"),
    Hostile("pip", "import pip\npip.main(['install', 'x'])", LIVES, "unavailable"),
]
ENDLESS = [
    Hostile("endless-loop", "while True: pass", LIVES, "out_of_fuel"),
    Hostile("endless-in-test", "def f():\n    while True: pass", "f()", "out_of_fuel"),
    Hostile(
        "catches-all", "while True:\n    try:\n        while True: pass\n    except BaseException: pass", LIVES, "out_of_fuel"
    ),
    Hostile("waits-by-clock", "import time\nend = time.time() + 1\nwhile time.time() < end: pass", LIVES, "out_of_fuel"),
    Hostile("huge-int", "x = 9 ** 9 ** 9", LIVES, "out_of_fuel"),
    Hostile("huge-int-as-text", "x = 7 ** 10 ** 4\nstr(x)", LIVES, "error"),
    Hostile("huge-shift", "x = 1 << 10 ** 10", LIVES, "out_of_memory"),
    Hostile("regex-bomb", "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')", LIVES, "out_of_fuel"),
    Hostile("hash-collisions", "d = {n * (2**31 - 1): 0 for n in range(20000)}", LIVES, "out_of_fuel"),
    Hostile("endless-iterator", "import itertools\nmax(itertools.count())", LIVES, "out_of_fuel"),
    Hostile("sort-bomb", "sorted(range(10**9))", LIVES, "out_of_memory"),
]
MEMORY = [
    Hostile("one-large-block", "x = bytearray(10**9)", LIVES, "out_of_memory"),
    Hostile("many-blocks", "x = []\nwhile True: x.append(bytearray(10**6))", LIVES, "out_of_memory"),
    Hostile("string-doubling", "x = 'x'\nwhile True: x += x", LIVES, "out_of_memory"),
    Hostile("list-repeat", "x = [0] * 10**9", LIVES, "out_of_memory"),
    Hostile("memory-in-test", "def f(): return [0] * 10**9", "f()", "out_of_memory"),
    Hostile("swallows-memory-error", "try:\n    bytearray(10**9)\nexcept MemoryError:\n    x = 1", "assert x == 1", "passed"),
    Hostile("format-width", "'{:>999999999}'.format(1)", LIVES, "out_of_memory"),
]
OUTPUT = [
    Hostile("endless-print", "while True: print('x' * 1000)", LIVES, "output_limit"),
    Hostile("one-large-print", "print('x' * 10**6)", LIVES, "output_limit"),
    Hostile("endless-stderr", "import sys\nwhile True: sys.stderr.write('x' * 1000)", LIVES, "output_limit"),
    Hostile("large-message", "raise ValueError('x' * 10**6)", LIVES, "error"),
    Hostile("large-repr", "def f(): return 'x' * 10**6", "assert f() == 1", "failed"),
]
DEPTH = [
    Hostile("deep-recursion", "def f(n): return f(n + 1)\nf(0)", LIVES, "error"),
    Hostile("recursion-in-c", "class A:\n    def __getattribute__(self, n): return getattr(self, n)\nA().x", LIVES, "error"),
    Hostile(
        "no-recursion-limit",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        LIVES,
        "error",
    ),
    Hostile("bracket-bomb", "x = " + "(" * 5000 + ")" * 5000, LIVES, "error"),
    Hostile("bracket-bomb-in-test", "x = 1", "assert " + "(" * 5000 + ")" * 5000, "error"),
    Hostile("minus-bomb", "x = " + "-" * 50000 + "1", LIVES, "error"),
    Hostile("attribute-bomb", "x = a" + ".a" * 20000, LIVES, "error"),
    Hostile("nested-list-repr", "x = []\nfor _ in range(10**4): x = [x]\nrepr(x)", LIVES, "error"),
    Hostile("null-byte", "x = '\0'", LIVES, "error"),
    Hostile("lone-surrogate", "x = '\ud800'", "assert len(x) == 1", "error"),
    Hostile("not-python", "SELECT * FROM t;", LIVES, "error"),
    Hostile("empty", "", "assert f() == 1", "error"),
    Hostile(
        "crashes-by-bytecode",
        "def f(): pass\nf.__code__ = f.__code__.replace(co_code=bytes([1, 0, 1, 0, 1, 0, 83, 0]), co_stacksize=0)\nf()",
        LIVES,
        "error",
    ),
]
FAKES = [
    Hostile("exit", "import os\nos._exit(0)", "assert False", "error"),
    Hostile("sys-exit", "import sys\nsys.exit(0)", "assert False", "error"),
    Hostile("exit-in-test", "import os\ndef f(): os._exit(0)", "assert f() == 1", "error"),
    Hostile("raises-exit-in-test", "def f(): raise SystemExit(0)", "assert f() == 1", "error"),
    Hostile("prints-passed", 'print(\'["passed", ""]\')\nimport os\nos._exit(0)', "assert False", "error"),
    Hostile("prints-on-stderr", 'import os\nos.write(2, b\'["passed", ""]\')\nos._exit(0)', "assert False", "error"),
    Hostile("reads-the-nonce", _READS_THE_NONCE, "assert False", "error"),
    Hostile("hooks-exec", _HOOKS_EXEC, "assert False", "failed"),
    Hostile("patches-the-harness", _PATCHES_THE_HARNESS, "assert False", "error"),
    Hostile("walks-frames", _WALKS_FRAMES, LIVES, "error"),
    Hostile(
        "no-assertion-error",
        "import builtins\nbuiltins.AssertionError = type('E', (Exception,), {})",
        "assert 1 == 2",
        "failed",
    ),
    Hostile("assertion-is-exit", "import builtins\nbuiltins.AssertionError = SystemExit", "assert False", "failed"),
    Hostile("patched-builtins", "import builtins\nbuiltins.len = lambda x: 0", "assert [].__len__() == 1", "failed"),
    Hostile("atexit", "import atexit, os\natexit.register(os._exit, 0)", "assert False", "failed"),
    Hostile("finalizer", "import os\nclass A:\n    def __del__(self): os._exit(0)\na = A()", "assert False", "failed"),
    Hostile("traces", "import os, sys\nsys.settrace(lambda *a: os._exit(0))", "assert (lambda: False)()", "error"),
    Hostile("audit-hook", "import os, sys\nsys.addaudithook(lambda *a: os._exit(0))", "assert False", "error"),
    Hostile("closes-stderr", "import os\nos.close(2)", "assert False", "error"),
    Hostile("excepthook", "import sys, os\nsys.excepthook = lambda *a: os._exit(0)", "assert False", "failed"),
    Hostile("raises-passed", "class Passed(BaseException): pass\ndef f(): raise Passed", "f()", "error"),
    Hostile("bad-str", "class E(Exception):\n    def __str__(self): raise SystemExit(0)\nraise E", LIVES, "error"),
    Hostile(
        "equal-to-all", "class A:\n    def __eq__(self, o): return False\ndef f(): return A()", "assert f() == f()", "failed"
    ),
]
HOSTILE = [*FILES, *OUTSIDE, *ENDLESS, *MEMORY, *OUTPUT, *DEPTH, *FAKES]
