"""Snippets that prepare the interpreter for a test which they do not meet, and false tests of every kind."""

from __future__ import annotations

ADD = "def add(a, b):\n    return a + b\n"
# One false test in every kind; `add` is right, so that only a trick can make one of them pass.
FALSE = {
    "assert": "assert add(1, 1) == 3",
    "function": "def test_add():\n    assert add(1, 1) == 3",
    "check": "def check(candidate):\n    assert candidate(1, 1) == 3\ncheck(add)",
    "unittest": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1, 1), 3)",
    "doctest": ">>> add(1, 1)\n3",
    "raises": "import pytest\nwith pytest.raises(ValueError):\n    add(1, 1)",
    "near": "assert abs(add(1, 1) - 3) < 0.001",
    "all": "assert all([add(1, n) == 1 - n for n in range(1, 3)]) and isinstance(add(1, 1), str)",
}
TRUE = {
    "assert": "assert add(1, 1) == 2",
    "function": "def test_add():\n    assert add(1, 1) == 2",
    "check": "def check(candidate):\n    assert candidate(1, 1) == 2\ncheck(add)",
    "unittest": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1, 1), 2)",
    "doctest": ">>> add(1, 1)\n2",
    "raises": "import pytest\nwith pytest.raises(TypeError):\n    add(1, '')",
    "near": "assert abs(add(1, 1) - 2) < 0.001",
    "all": "assert all([add(1, n) == 1 + n for n in range(1, 3)]) and isinstance(add(1, 1), int)",
}
# Tricks that a test cannot withstand which shares an interpreter with the snippet: docs/explanation/sandbox.md names the kinds.
BESIDE = frozenset(
    [
        "always-equal",
        "always-equal-but-once",
        "always-equal-int",
        "claims-to-be-beyond",
        "class-lie",
        "equal-by-approx",
        "equal-by-int",
        "equal-by-metaclass",
        "equal-by-mock",
        "equal-by-stdlib",
        "reads-in-the-call",
        "reads-the-caller",
        "searches-the-heap",
    ]
)

# The namespace in which verdicts are found.
_SPACE = """
import __main__
class Space:
    def __getattr__(self, name): return __main__.verdict.__globals__[name]
    def __setattr__(self, name, value): __main__.verdict.__globals__[name] = value
H = Space()
"""
_LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __hash__(self): return 0
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __add__ = __rsub__ = __round__ = __sub__
    def __abs__(self): return 0
"""

# What is added to ADD; some define `add` anew.
CHEATS = {
    "ast-parse": """
import ast
real = ast.parse
def parse(text, *a, **k):
    return real(str(text).replace('== 3', '== 2').replace(', 3)', ', 2)'), *a, **k)
ast.parse = parse
""",
    "ast-parse-code": """
import ast
real = type(ast.parse)(ast.parse.__code__, vars(ast))
def parse(source, filename='<unknown>', mode='exec', *, type_comments=False, feature_version=None):
    source = str(source).replace('== 3', '== 2').replace(', 3)', ', 2)')
    return compile(source, filename, mode, 1024)
ast.parse.__code__ = parse.__code__
""",
    "node-visit": """
import ast
class Calm(ast.NodeTransformer): pass
def visit(self, node):
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2
    return node
ast.NodeTransformer.visit = ast.NodeVisitor.visit = visit
""",
    "node-generic-visit": """
import ast
def generic_visit(self, node):
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2
    return node
ast.NodeTransformer.generic_visit = generic_visit
""",
    "ast-walk": """
import ast
real = ast.walk
def walk(node):
    for one in real(node):
        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2
        yield one
ast.walk = walk
""",
    "ast-fix-locations": """
import ast
real = ast.fix_missing_locations
def fix(tree):
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2
    return real(tree)
ast.fix_missing_locations = fix
""",
    "source-segment": """
import ast
ast.get_source_segment = lambda *a, **k: (_ for _ in ()).throw(SystemExit(0))
""",
    "main-try": _SPACE
    + """
import __main__
H._try = lambda run, text: ('passed', '', 1, '')
""",
    "main-verdict": _SPACE
    + """
import __main__
H.verdict = lambda *a: ('passed', '', 1, '')
""",
    "main-whole": _SPACE
    + """
import __main__
def whole(*a):
    H.TALLY.count = 1
    H.TALLY.uses = True
    if a[2]['control']: raise H.Failure('x', AssertionError('x'))
H._whole = whole
""",
    "main-said": _SPACE
    + """
import __main__
real = H.said
H.said = lambda status, *a: ('passed', '', 1, '') if status in ('failed', 'passed') and not seen.append(1) else real(status)
seen = []
""",
    "code-swap-try": _SPACE
    + """
import __main__
H._try.__code__ = (lambda run, text: ('passed', '', 1, '')).__code__
""",
    "code-swap-verdict": _SPACE
    + """
import __main__
H.verdict.__code__ = (lambda a, b, c: ('passed', '', 1, '')).__code__
""",
    "code-swap-by-gc": """
import gc, types
for one in gc.get_objects():
    if isinstance(one, types.FunctionType) and one.__code__.co_filename == '<harness>' and one.__name__ == '_try':
        one.__code__ = (lambda run, text: ('passed', '', 1, '')).__code__
""",
    "tally-by-gc": """
import gc
for one in gc.get_objects():
    if type(one).__name__ == 'type' and one.__name__ == 'Checks':
        import ast
        one.visit = lambda self, node: ast.parse('count(True)') if 0 else node
        one._assertion = lambda self, node, test: ast.copy_location(ast.Expr(ast.Constant(1)), node)
""",
    "tally-subclass": """
import ast
for one in ast.NodeTransformer.__subclasses__():
    if one.__name__ == 'Checks':
        made = one._assertion.__globals__
        def check(self, value, alone=False):
            self.count += 1
            return True
        made['TALLY'].check.__func__.__code__ = check.__code__
""",
    "frames": """
import sys
frame = sys._getframe()
while frame:
    if 'verdict' in frame.f_globals:
        frame.f_globals['verdict'].__globals__['_try'] = lambda run, text: ('passed', '', 1, '')
    frame = frame.f_back
""",
    "frame-locals": """
import sys
frame = sys._getframe()
while frame:
    for one in list(frame.f_locals.values()):
        if getattr(one, '__name__', '') == 'verdict':
            one.__code__ = (lambda a, b, c: ('passed', '', 1, '')).__code__
    frame = frame.f_back
""",
    "referrers": """
import gc, json
for one in gc.get_referrers(json.dumps):
    if isinstance(one, dict):
        for key in list(one):
            if key in ('_try', 'verdict'): one[key] = lambda *a: ('passed', '', 1, '')
""",
    "json-dumps": """
import json
json.dumps = lambda *a, **k: '["passed", "", 1, ""]'
""",
    "json-dumps-code": """
import json
new = lambda obj, **kw: '["passed", "", 1, ""]'
json.dumps.__kwdefaults__ = None
json.dumps.__code__ = new.__code__
""",
    "json-encoder": """
import json
json.JSONEncoder.encode = json.encoder.JSONEncoder.encode = lambda self, o: '["passed", "", 1, ""]'
""",
    "json-loads": """
import json
real = json.loads
def loads(text, *a, **k):
    made = real(text, *a, **k)
    if isinstance(made, dict) and made.get('text'):
        made['text'] = made['text'].replace('3', '2')
    return made
json.loads.__code__ = (lambda s, **kw: __import__('json')._mine(s)).__code__
json._mine = lambda s: dict(json.JSONDecoder().decode(s.decode()), text='assert add(1, 1) == 2')
""",
    "json-decoder": """
import json
real = json.JSONDecoder.decode
def decode(self, text, *a):
    made = real(self, text, *a)
    if isinstance(made, dict) and made.get('text'):
        made['text'] = made['text'].replace('3', '2')
    return made
json.JSONDecoder.decode = decode
""",
    "stdout-flush": """
import os, sys, json
class Out:
    def write(self, text): return len(text)
    def flush(self):
        frame = sys._getframe(1)
        test = frame.f_locals.get('test')
        if test:
            os.write(2, (test['nonce'] + '["passed", "", 1, ""]').encode())
            os._exit(0)
sys.stdout = Out()
""",
    "stdout-flush-control": """
import os, sys, json
class Out:
    def write(self, text): return len(text)
    def flush(self):
        frame = sys._getframe(1)
        test = frame.f_locals.get('test')
        if test and not test['control']:
            os.write(2, (test['nonce'] + '["passed", "", 1, ""]').encode())
            os._exit(0)
sys.stdout = Out()
""",
    "reads-the-test": """
import os, json
os.lseek(0, 2, 0)
test = json.loads(os.read(0, 1 << 20))
if not test['control']:
    os.write(2, (test['nonce'] + '["passed", "", 1, ""]').encode())
    os._exit(0)
""",
    "reads-the-answer": """
import os, re
os.lseek(0, 2, 0)
wanted = re.search(rb'3', os.read(0, 1 << 20))
def add(a, b): return 3 if wanted else 2
""",
    "reads-in-the-call": """
import os, re
real = add
def add(a, b):
    for n in (2, 3, 1):
        try:
            os.lseek(0, n, 0)
            if b'== 3' in os.read(0, 1 << 20): return 3
        except OSError: pass
    return real(a, b)
""",
    "reads-the-caller": """
import sys, re
real = add
def add(a, b):
    frame = sys._getframe(1)
    while frame:
        if 3 in frame.f_code.co_consts or '3' in str(frame.f_locals.get('text')): return 3
        frame = frame.f_back
    return real(a, b)
""",
    "searches-the-heap": """
import gc
real = add
def add(a, b):
    for one in gc.get_objects():
        if isinstance(one, dict) and one.get('text') and '3' in str(one['text']): return 3
    return real(a, b)
""",
    "changes-the-caller": """
import sys
real = add
def add(a, b):
    frame = sys._getframe(1)
    frame.f_trace = lambda *x: None
    for name, one in list(frame.f_globals.items()):
        if name in ('count', 'notice a call'):
            made = one.__self__
            made.count += 1
            type(made).check = lambda self, value, alone=False: setattr(self, 'count', self.count + 1) or True
    return real(a, b)
""",
    "settrace-jump": """
import sys
def trace(frame, event, arg):
    if frame.f_code.co_filename == '<test>':
        for name in frame.f_globals:
            if name == 'count': frame.f_globals[name] = lambda *a: setattr(a[0] if 0 else _tally(frame), 'count', 1) or True
    return trace
def _tally(frame): return frame.f_globals['note'].__self__
sys.settrace(trace)
""",
    "setprofile": """
import sys
def profile(frame, event, arg):
    if frame.f_code.co_name == '_try':
        frame.f_globals['_said'] = lambda *a: ('passed', '', 1, '')
sys.setprofile(profile)
""",
    "monitoring": _SPACE
    + """
import sys
mon = sys.monitoring
mon.use_tool_id(0, 'x')
def start(code, offset):
    import __main__
    if code.co_name == '_try': H.said = lambda *a: ('passed', '', 1, '')
mon.register_callback(0, mon.events.PY_START, start)
mon.set_events(0, mon.events.PY_START)
""",
    "audit-hook": _SPACE
    + """
import sys, __main__
def hook(event, args):
    if event == 'compile':
        H.said = lambda *a: ('passed', '', 1, '')
sys.addaudithook(hook)
""",
    "build-class": """
import builtins
real = builtins.__build_class__
def build(function, name, *bases, **words):
    made = real(function, name, *bases, **words)
    for key in list(vars(made)):
        if key.startswith('test'): setattr(made, key, lambda self: self.assertEqual(1, 1))
    return made
builtins.__build_class__ = build
import __main__
__main__._BUILTINS['__build_class__'] = build
""",
    "builtins-kept": _SPACE
    + """
import __main__
class Int(int):
    pass
__main__._BUILTINS['eval'] = lambda program, scope: H.TALLY.check(True)
__main__._BUILTINS['exec'] = lambda program, scope: (_ for _ in ()).throw(AssertionError)
""",
    "meta-path": _SPACE
    + """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        import __main__
        H.said = lambda *a: ('passed', '', 1, '')
sys.meta_path.insert(0, Finder())
sys.modules.pop('doctest', None)
sys.modules.pop('pytest', None)
sys.modules.pop('unittest', None)
""",
    "fake-unittest": """
import sys, types, unittest
class TestCase(unittest.TestCase):
    def assertEqual(self, a, b, msg=None):
        unittest.TestCase.assertEqual(self, 1, 1)
made = types.ModuleType('unittest')
vars(made).update(vars(unittest))
made.TestCase = TestCase
sys.modules['unittest'] = made
""",
    "assert-equal": """
import unittest
unittest.TestCase.assertEqual = lambda self, a, b, msg=None: None
""",
    "assert-equal-base": """
import unittest
unittest.TestCase._baseAssertEqual = lambda self, a, b, msg=None: None
""",
    "assert-equal-getter": """
import unittest
unittest.TestCase._getAssertEqualityFunc = lambda self, a, b: lambda *x, **k: None
""",
    "unittest-loader": """
import unittest
real = unittest.TestLoader.loadTestsFromTestCase
def load(self, case):
    if case.__name__ == 'T':
        case.test_a = lambda self: self.assertEqual(add(1, 1), 2)
    return real(self, case)
unittest.TestLoader.loadTestsFromTestCase = load
""",
    "unittest-run": """
import unittest
real = unittest.TestCase._callTestMethod
def run(self, method):
    if type(self).__name__ == 'T': self.assertEqual(1, 1)
    else: real(self, method)
unittest.TestCase._callTestMethod = run
""",
    "doctest-checker": """
import doctest
real = doctest.OutputChecker.check_output
doctest.OutputChecker.check_output = lambda self, want, got, flags: '3' in want or real(self, want, got, flags)
""",
    "doctest-parser": """
import doctest
real = doctest.DocTestParser.get_examples
doctest.DocTestParser.get_examples = lambda self, text, name='': real(self, text.replace('3', '2'))
""",
    "displayhook": """
import sys
def hook(value):
    if value is not None: print(3 if value == 2 else value)
sys.__displayhook__ = hook
""",
    "stringio": r"""
import io
class Out(io.StringIO):
    def getvalue(self): return super().getvalue().replace('2', '3') if super().getvalue() == '2\n' else super().getvalue()
io.StringIO = Out
""",
    "pytest-raises": """
import pytest
real = pytest.raises
class Calm:
    def __enter__(self): return self
    def __exit__(self, *a): return True
pytest.raises(ValueError).__class__.__exit__ = lambda self, kind, value, at: self.wanted is ValueError or kind is not None
""",
    "assertion-error": """
import builtins
class Quiet(BaseException): pass
builtins.AssertionError = Quiet
""",
    "failed-list": _SPACE
    + """
import __main__
class Never(list):
    def append(self, item): pass
    def __bool__(self): return False
H.list = Never
import ast
for one in ast.NodeTransformer.__subclasses__():
    if one.__name__ == 'Checks':
        one._assertion.__globals__['list'] = {str: Never}
""",
    "inspect-signature": _SPACE
    + """
import inspect
real = inspect.iscoroutine
def iscoroutine(x):
    import __main__
    H.TALLY.failed.clear()
    return real(x)
inspect.iscoroutine = iscoroutine
""",
    "re-search": _SPACE
    + """
import re, __main__
re.search = lambda *a: H.TALLY.__dict__.update(count=1)
""",
    "codecs": """
import codecs, json
json.detect_encoding = lambda b: 'utf-8'
import json as j
j.detect_encoding.__code__ = (lambda b: 'utf-8').__code__
import json.decoder
json.decoder.scanstring = json.decoder.py_scanstring
""",
    "del-hook": _SPACE
    + """
import __main__
class Later:
    def __del__(self): H.said = lambda *a: ('passed', '', 1, '')
import sys
sys.modules['pytest'] = Later()
""",
    "gc-callback": _SPACE
    + """
import gc, __main__
gc.callbacks.append(lambda *a: setattr(H, 'said', lambda *a: ('passed', '', 1, '')))
gc.set_threshold(1)
""",
    "atexit": """
import atexit, os
atexit.register(os.write, 2, b'["passed", "", 1, ""]')
""",
    "warnings": _SPACE
    + """
import warnings, __main__
def show(*a): H.said = lambda *a: ('passed', '', 1, '')
warnings.showwarning = warnings.warn_explicit = warnings._showwarnmsg = show
warnings.simplefilter('always')
""",
    "excepthook": """
import sys, os
sys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)
def add(a, b): raise KeyError
""",
    "event-loop": _SPACE
    + """
import asyncio, __main__
H.asyncio.run = lambda x: None
H.inspect.iscoroutine = lambda x: H.TALLY.__dict__.update(count=1, uses=True) or False
""",
    "exits-in-call": """
import os
def add(a, b):
    os.write(2, b'["passed", "", 1, ""]')
    os._exit(0)
""",
    "always-equal": _LIAR + "def add(a, b): return Liar()",
    "always-equal-int": """
class Liar(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def add(a, b): return Liar(2)
""",
    "always-equal-but-once": """
class Liar:
    seen = 0
    def __eq__(self, other):
        Liar.seen += 1
        return Liar.seen == 1
def add(a, b): return Liar()
""",
    "class-lie": """
class Liar:
    __class__ = int
    def __eq__(self, other): return isinstance(other, int)
def add(a, b): return Liar()
""",
    "equal-by-metaclass": """
class Meta(type):
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Liar(metaclass=Meta): pass
def add(a, b): return Liar
""",
    "equal-by-stdlib": """
from unittest.mock import ANY
def add(a, b): return ANY
""",
    "equal-by-mock": """
from unittest.mock import MagicMock
def add(a, b):
    made = MagicMock()
    made.__eq__ = lambda self, other: True
    return made
""",
    "equal-by-approx": """
import pytest
def add(a, b): return pytest.approx(2, abs=5)
""",
    "equal-by-int": """
import builtins
class Any(type(1)):
    pass
Any.__eq__ = lambda s, o: True
Any.__hash__ = int.__hash__
def add(a, b): return Any(a + b)
""",
    "raises-itself": _SPACE
    + """
import pytest
class Odd(ValueError): pass
def add(a, b):
    import __main__
    H.TALLY.failed.clear()
    H._try = lambda *a: ('passed', '', 1, '')
    return 2
""",
    "isinstance-hook": """
import builtins
real = builtins.isinstance
builtins.isinstance = lambda x, c: True if c is AssertionError else real(x, c)
""",
    "skips-itself": """
import pytest
def add(a, b): pytest.skip('no')
""",
    "exit-later": "def add(a, b): raise SystemExit(0)",
    "swallow": """

def add(a, b): raise AssertionError
""",
    "type-register": """
import numbers, builtins
import unittest.case
unittest.case._AssertRaisesContext.__exit__ = lambda self, *a: True
unittest.case._Outcome.testPartExecutor.__code__ if False else None
""",
    "own-all": """
all = any = lambda x: True
def abs(x): return 0
def len(x): return 3
def isinstance(a, b): return True
""",
    "own-checks": """
def count(*a): return True
globals().update({'count a check': lambda *a: True, 'left side': 3, 'do not count': lambda *a, **k: None})
globals()['notice a call'] = lambda *a, **k: None
""",
    "own-unittest": """
import types
class TestCase:
    def assertEqual(self, *a): pass
unittest = types.SimpleNamespace(TestCase=TestCase)
pytest = types.SimpleNamespace(raises=lambda *a: None)
""",
    "skip-test": """
import unittest
def add(a, b): raise unittest.SkipTest('no')
""",
    "near": _LIAR
    + """
def add(a, b): return Liar()
Liar.__eq__ = lambda s, o: NotImplemented
""",
    "writes-into-approx": """
class Odd:
    def __eq__(self, o):
        try: o.expected = self
        except Exception: pass
        return NotImplemented
def add(a, b): return Odd()
""",
    "calls-the-wall": r"""
import os, time
real = add
def add(a, b):
    os.write(0, b'\x40\0\0\0[["get",2,"__globals__"],null]')
    time.time()
    return real(a, b)
""",
    "bytecode": """
def f(): pass
code = f.__code__.replace(co_code=bytes([100, 200, 83, 0]), co_consts=())
def add(a, b):
    f.__code__ = code
    return f()
""",
    "claims-to-be-beyond": """
import sys
def add(a, b):
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_name == 'judge':
            return a + b + 1
        frame = frame.f_back
    raise ModuleNotFoundError('beyond', name='apart')
""",
}
