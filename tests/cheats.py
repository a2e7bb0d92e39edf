"""Snippets that prepare the interpreter for a test they do not meet, and honest ones that look alike."""

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
}
TRUE = {name: text.replace("== 3", "== 2").replace(", 3)", ", 2)").replace("\n3", "\n2") for name, text in FALSE.items()}
TRUE["raises"] = "import pytest\nwith pytest.raises(TypeError):\n    add(1, '')"
# Tricks that a test cannot withstand which shares an interpreter with the snippet: docs/sandbox.md names the kinds.
SHARED = (
    "reads-in-the-call reads-the-caller searches-the-heap always-equal always-equal-int always-equal-but-once class-lie "
    "equal-by-metaclass equal-by-stdlib equal-by-mock equal-by-approx equal-by-int"
).split()

_EVERY_FRAME = "frame = sys._getframe()\nwhile frame:\n    %s\n    frame = frame.f_back\n"
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
_RAISES = "\ndef add(a, b): raise AssertionError\n"

# Appended to ADD, except where it defines `add` itself.
CHEATS = {
    # what the harness parses and rewrites with
    "ast-parse": "import ast\nreal = ast.parse\ndef parse(text, *a, **k):\n"
    "    return real(str(text).replace('== 3', '== 2').replace(', 3)', ', 2)'), *a, **k)\nast.parse = parse",
    "ast-parse-code": "import ast\nreal = type(ast.parse)(ast.parse.__code__, vars(ast))\n"
    "def parse(source, filename='<unknown>', mode='exec', *, type_comments=False, feature_version=None):\n"
    "    source = str(source).replace('== 3', '== 2').replace(', 3)', ', 2)')\n"
    "    return compile(source, filename, mode, 1024)\nast.parse.__code__ = parse.__code__",
    "node-visit": "import ast\nclass Calm(ast.NodeTransformer): pass\ndef visit(self, node):\n"
    "    for one in ast.walk(node):\n        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2\n"
    "    return node\nast.NodeTransformer.visit = ast.NodeVisitor.visit = visit",
    "node-generic-visit": "import ast\ndef generic_visit(self, node):\n    for one in ast.walk(node):\n"
    "        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2\n    return node\n"
    "ast.NodeTransformer.generic_visit = generic_visit",
    "ast-walk": "import ast\nreal = ast.walk\ndef walk(node):\n    for one in real(node):\n"
    "        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2\n        yield one\nast.walk = walk",
    "ast-fix-locations": "import ast\nreal = ast.fix_missing_locations\ndef fix(tree):\n    for one in ast.walk(tree):\n"
    "        if isinstance(one, ast.Constant) and one.value == 3: one.value = 2\n    return real(tree)\n"
    "ast.fix_missing_locations = fix",
    "source-segment": "import ast\nast.get_source_segment = lambda *a, **k: (_ for _ in ()).throw(SystemExit(0))",
    # what the harness decides with
    "main-try": "import __main__\n__main__._try = lambda run, text: ('passed', '', 1, '')",
    "main-verdict": "import __main__\n__main__._verdict = lambda *a: ('passed', '', 1, '')",
    "main-whole": "import __main__\ndef whole(*a):\n    __main__.TALLY.count = 1\n    __main__.TALLY.uses = True\n"
    "    if a[2]['control']: raise __main__.Failure('x', AssertionError('x'))\n__main__._whole = whole",
    "main-said": "import __main__\nreal = __main__._said\n"
    "__main__._said = lambda status, *a: ('passed', '', 1, '') if status in ('failed', 'passed') and not seen.append(1) else real(status)\n"
    "seen = []",
    "code-swap-try": "import __main__\n__main__._try.__code__ = (lambda run, text: ('passed', '', 1, '')).__code__",
    "code-swap-verdict": "import __main__\n__main__._verdict.__code__ = (lambda a, b, c: ('passed', '', 1, '')).__code__",
    "code-swap-by-gc": "import gc, types\nfor one in gc.get_objects():\n"
    "    if isinstance(one, types.FunctionType) and one.__code__.co_filename == '<harness>' and one.__name__ == '_try':\n"
    "        one.__code__ = (lambda run, text: ('passed', '', 1, '')).__code__",
    "tally-by-gc": "import gc\nfor one in gc.get_objects():\n    if type(one).__name__ == 'type' and one.__name__ == 'Checks':\n"
    "        import ast\n        one.visit = lambda self, node: ast.parse('count(True)') if 0 else node\n"
    "        one._assertion = lambda self, node, test: ast.copy_location(ast.Expr(ast.Constant(1)), node)",
    "tally-subclass": "import ast\nfor one in ast.NodeTransformer.__subclasses__():\n    if one.__name__ == 'Checks':\n"
    "        made = one._assertion.__globals__\n        made['TALLY'].check.__func__.__code__ = (lambda self, value, alone=False: "
    "setattr(self, 'count', self.count + 1) or True).__code__",
    "frames": "import sys\n" + _EVERY_FRAME % "frame.f_globals['_try'] = lambda run, text: ('passed', '', 1, '')",
    "frame-locals": "import sys, ctypes"
    if False
    else "import sys\n"
    + _EVERY_FRAME
    % "[setattr(v, '__code__', (lambda a, b, c: ('passed', '', 1, '')).__code__) for v in list(frame.f_locals.values()) "
    "if getattr(v, '__name__', '') == '_verdict']",
    "referrers": "import gc, json\nfor one in gc.get_referrers(json.dumps):\n    if isinstance(one, dict):\n"
    "        for key in list(one):\n            if key in ('_try', '_verdict'): one[key] = lambda *a: ('passed', '', 1, '')",
    # how the verdict leaves
    "json-dumps": 'import json\njson.dumps = lambda *a, **k: \'["passed", "", 1, ""]\'',
    "json-dumps-code": 'import json\nnew = lambda obj, **kw: \'["passed", "", 1, ""]\'\njson.dumps.__kwdefaults__ = None\n'
    "json.dumps.__code__ = new.__code__",
    "json-encoder": "import json\njson.JSONEncoder.encode = json.encoder.JSONEncoder.encode = "
    'lambda self, o: \'["passed", "", 1, ""]\'',
    "json-loads": "import json\nreal = json.loads\ndef loads(text, *a, **k):\n    made = real(text, *a, **k)\n"
    "    if isinstance(made, dict) and made.get('text'):\n        made['text'] = made['text'].replace('3', '2')\n    return made\n"
    "json.loads.__code__ = (lambda s, **kw: __import__('json')._mine(s)).__code__\njson._mine = lambda s: "
    "dict(json.JSONDecoder().decode(s.decode()), text='assert add(1, 1) == 2')",
    "json-decoder": "import json\nreal = json.JSONDecoder.decode\ndef decode(self, text, *a):\n    made = real(self, text, *a)\n"
    "    if isinstance(made, dict) and made.get('text'):\n        made['text'] = made['text'].replace('3', '2')\n    return made\n"
    "json.JSONDecoder.decode = decode",
    "stdout-flush": "import os, sys, json\nclass Out:\n    def write(self, text): return len(text)\n    def flush(self):\n"
    "        frame = sys._getframe(1)\n        test = frame.f_locals.get('test')\n        if test:\n"
    '            os.write(2, (test[\'nonce\'] + \'["passed", "", 1, ""]\').encode())\n            os._exit(0)\nsys.stdout = Out()',
    "stdout-flush-control": "import os, sys, json\nclass Out:\n    def write(self, text): return len(text)\n    def flush(self):\n"
    "        frame = sys._getframe(1)\n        test = frame.f_locals.get('test')\n"
    "        if test and not test['control']:\n"
    '            os.write(2, (test[\'nonce\'] + \'["passed", "", 1, ""]\').encode())\n            os._exit(0)\nsys.stdout = Out()',
    "reads-the-test": "import os, json\nos.lseek(0, 2, 0)\ntest = json.loads(os.read(0, 1 << 20))\nif not test['control']:\n"
    '    os.write(2, (test[\'nonce\'] + \'["passed", "", 1, ""]\').encode())\n    os._exit(0)',
    "reads-the-answer": "import os, re\nos.lseek(0, 2, 0)\nwanted = re.search(rb'(?:== |, )(\\d+)', os.read(0, 1 << 20))\n"
    "add = lambda a, b: int(wanted[1])"
    if False
    else "import os, re\nos.lseek(0, 2, 0)\nwanted = re.search(rb'3', os.read(0, 1 << 20))\n"
    "def add(a, b): return 3 if wanted else 2",
    "reads-in-the-call": "import os, re\nreal = add\ndef add(a, b):\n    for n in (2, 3, 1):\n        try:\n            os.lseek(0, n, 0)\n"
    "            if b'== 3' in os.read(0, 1 << 20): return 3\n        except OSError: pass\n    return real(a, b)",
    "reads-the-caller": "import sys, re\nreal = add\ndef add(a, b):\n    frame = sys._getframe(1)\n    while frame:\n"
    "        if 3 in frame.f_code.co_consts or '3' in str(frame.f_locals.get('text')): return 3\n        frame = frame.f_back\n"
    "    return real(a, b)",
    "searches-the-heap": "import gc\nreal = add\ndef add(a, b):\n    for one in gc.get_objects():\n"
    "        if isinstance(one, dict) and one.get('text') and '3' in str(one['text']): return 3\n    return real(a, b)",
    "changes-the-caller": "import sys\nreal = add\ndef add(a, b):\n    frame = sys._getframe(1)\n"
    "    frame.f_trace = lambda *x: None\n    for name, one in list(frame.f_globals.items()):\n"
    "        if name in ('count', 'notice a call'):\n            made = one.__self__\n            made.count += 1\n"
    "            type(made).check = lambda self, value, alone=False: setattr(self, 'count', self.count + 1) or True\n"
    "    return real(a, b)",
    # tracing
    "settrace-jump": "import sys\ndef trace(frame, event, arg):\n    if frame.f_code.co_filename == '<test>':\n"
    "        for name in frame.f_globals:\n            if name == 'count': frame.f_globals[name] = lambda *a: "
    "setattr(a[0] if 0 else _tally(frame), 'count', 1) or True\n    return trace\n"
    "def _tally(frame): return frame.f_globals['note'].__self__\nsys.settrace(trace)",
    "setprofile": "import sys\ndef profile(frame, event, arg):\n    if frame.f_code.co_name == '_try':\n"
    "        frame.f_globals['_said'] = lambda *a: ('passed', '', 1, '')\nsys.setprofile(profile)",
    "monitoring": "import sys\nmon = sys.monitoring\nmon.use_tool_id(0, 'x')\n"
    "def start(code, offset):\n    import __main__\n    if code.co_name == '_try': __main__._said = lambda *a: ('passed', '', 1, '')\n"
    "mon.register_callback(0, mon.events.PY_START, start)\nmon.set_events(0, mon.events.PY_START)",
    "audit-hook": "import sys, __main__\ndef hook(event, args):\n    if event == 'compile':\n"
    "        vars(__main__)['_said'] = lambda *a: ('passed', '', 1, '')\nsys.addaudithook(hook)",
    # builtins and imports
    "build-class": "import builtins\nreal = builtins.__build_class__\ndef build(function, name, *bases, **words):\n"
    "    made = real(function, name, *bases, **words)\n    for key in list(vars(made)):\n"
    "        if key.startswith('test'): setattr(made, key, lambda self: self.assertEqual(1, 1))\n    return made\n"
    "builtins.__build_class__ = build\nimport __main__\n__main__._BUILTINS['__build_class__'] = build",
    "builtins-kept": "import __main__\nclass Int(int):\n    pass\n"
    "__main__._BUILTINS['eval'] = lambda program, scope: __main__.TALLY.check(True)\n"
    "__main__._BUILTINS['exec'] = lambda program, scope: (_ for _ in ()).throw(AssertionError)",
    "meta-path": "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n        import __main__\n"
    "        __main__._said = lambda *a: ('passed', '', 1, '')\nsys.meta_path.insert(0, Finder())\nsys.modules.pop('doctest', None)\n"
    "sys.modules.pop('pytest', None)\nsys.modules.pop('unittest', None)",
    "fake-unittest": "import sys, types, unittest\nclass TestCase(unittest.TestCase):\n    def assertEqual(self, a, b, msg=None):\n"
    "        unittest.TestCase.assertEqual(self, 1, 1)\nmade = types.ModuleType('unittest')\nvars(made).update(vars(unittest))\n"
    "made.TestCase = TestCase\nsys.modules['unittest'] = made",
    "assert-equal": "import unittest\nunittest.TestCase.assertEqual = lambda self, a, b, msg=None: None",
    "assert-equal-base": "import unittest\nunittest.TestCase._baseAssertEqual = lambda self, a, b, msg=None: None",
    "assert-equal-getter": "import unittest\nunittest.TestCase._getAssertEqualityFunc = lambda self, a, b: lambda *x, **k: None",
    "unittest-loader": "import unittest\nreal = unittest.TestLoader.loadTestsFromTestCase\ndef load(self, case):\n"
    "    if case.__name__ == 'T':\n        case.test_a = lambda self: self.assertEqual(add(1, 1), 2)\n    return real(self, case)\n"
    "unittest.TestLoader.loadTestsFromTestCase = load",
    "unittest-run": "import unittest\nreal = unittest.TestCase._callTestMethod\ndef run(self, method):\n"
    "    if type(self).__name__ == 'T': self.assertEqual(1, 1)\n    else: real(self, method)\nunittest.TestCase._callTestMethod = run",
    "doctest-checker": "import doctest\nreal = doctest.OutputChecker.check_output\n"
    "doctest.OutputChecker.check_output = lambda self, want, got, flags: '3' in want or real(self, want, got, flags)",
    "doctest-parser": "import doctest\nreal = doctest.DocTestParser.get_examples\n"
    "doctest.DocTestParser.get_examples = lambda self, text, name='': real(self, text.replace('3', '2'))",
    "displayhook": "import sys\ndef hook(value):\n    if value is not None: print(3 if value == 2 else value)\nsys.__displayhook__ = hook",
    "stringio": "import io\nclass Out(io.StringIO):\n    def getvalue(self): return super().getvalue().replace('2', '3') if "
    "super().getvalue() == '2\\n' else super().getvalue()\nio.StringIO = Out",
    "pytest-raises": "import pytest\nreal = pytest.raises\nclass Calm:\n    def __enter__(self): return self\n"
    "    def __exit__(self, *a): return True\npytest.raises(ValueError).__class__.__exit__ = "
    "lambda self, kind, value, at: self.wanted is ValueError or kind is not None",
    "assertion-error": "import builtins\nclass Quiet(BaseException): pass\nbuiltins.AssertionError = Quiet",
    "failed-list": "import __main__\nclass Never(list):\n    def append(self, item): pass\n    def __bool__(self): return False\n"
    "__main__.list = Never\nimport ast\nfor one in ast.NodeTransformer.__subclasses__():\n    if one.__name__ == 'Checks':\n"
    "        one._assertion.__globals__['list'] = {str: Never}",
    "inspect-signature": "import inspect\nreal = inspect.iscoroutine\ndef iscoroutine(x):\n    import __main__\n"
    "    __main__.TALLY.failed.clear()\n    return real(x)\ninspect.iscoroutine = iscoroutine",
    "re-search": "import re, __main__\nre.search = lambda *a: __main__.TALLY.__dict__.update(count=1)",
    "codecs": "import codecs, json\njson.detect_encoding = lambda b: 'utf-8'\nimport json as j\n"
    "j.detect_encoding.__code__ = (lambda b: 'utf-8').__code__\nimport json.decoder\n"
    "json.decoder.scanstring = json.decoder.py_scanstring",
    # later: when something is freed, called or collected
    "del-hook": "import __main__\nclass Later:\n    def __del__(self): __main__._said = lambda *a: ('passed', '', 1, '')\n"
    "import sys\nsys.modules['pytest'] = Later()",
    "gc-callback": "import gc, __main__\ngc.callbacks.append(lambda *a: vars(__main__).update(_said=lambda *a: ('passed', '', 1, '')))\n"
    "gc.set_threshold(1)",
    "atexit": 'import atexit, os\natexit.register(os.write, 2, b\'["passed", "", 1, ""]\')',
    "warnings": "import warnings, __main__\ndef show(*a): __main__._said = lambda *a: ('passed', '', 1, '')\n"
    "warnings.showwarning = warnings.warn_explicit = warnings._showwarnmsg = show\nwarnings.simplefilter('always')",
    "excepthook": "import sys, os\nsys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)\ndef add(a, b): raise KeyError",
    "event-loop": "import asyncio, __main__\n__main__.asyncio.run = lambda x: None\n__main__.inspect.iscoroutine = lambda x: "
    "__main__.TALLY.__dict__.update(count=1, uses=True) or False",
    "exits-in-call": 'import os\ndef add(a, b):\n    os.write(2, b\'["passed", "", 1, ""]\')\n    os._exit(0)',
    # crafted bytecode: no memory is safe from it
    # values that decide for themselves
    "always-equal": _LIAR + "def add(a, b): return Liar()",
    "always-equal-int": "class Liar(int):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
    "    __hash__ = int.__hash__\ndef add(a, b): return Liar(2)",
    "always-equal-but-once": "class Liar:\n    seen = 0\n    def __eq__(self, other):\n        Liar.seen += 1\n"
    "        return Liar.seen == 1\ndef add(a, b): return Liar()",
    "class-lie": "class Liar:\n    __class__ = int\n    def __eq__(self, other): return isinstance(other, int)\n"
    "def add(a, b): return Liar()",
    "equal-by-metaclass": "class Meta(type):\n    def __eq__(cls, other): return True\n    __hash__ = type.__hash__\n"
    "class Liar(metaclass=Meta): pass\ndef add(a, b): return Liar",
    "equal-by-stdlib": "from unittest.mock import ANY\ndef add(a, b): return ANY",
    "equal-by-mock": "from unittest.mock import MagicMock\ndef add(a, b):\n    made = MagicMock()\n"
    "    made.__eq__ = lambda self, other: True\n    return made",
    "equal-by-approx": "import pytest\ndef add(a, b): return pytest.approx(2, abs=5)",
    "equal-by-int": "import builtins\nclass Any(type(1)):\n    pass\nAny.__eq__ = lambda s, o: True\nAny.__hash__ = int.__hash__\n"
    "def add(a, b): return Any(a + b)",
    "raises-itself": "import pytest\nclass Odd(ValueError): pass\ndef add(a, b):\n    import __main__\n"
    "    __main__.TALLY.failed.clear()\n    __main__._try = lambda *a: ('passed', '', 1, '')\n    return 2",
    "isinstance-hook": "import builtins\nreal = builtins.isinstance\nbuiltins.isinstance = lambda x, c: True if c is AssertionError else real(x, c)",
    "skips-itself": "import pytest\ndef add(a, b): pytest.skip('no')",
    "exit-later": "def add(a, b): raise SystemExit(0)",
    "swallow": _RAISES,
    "type-register": "import numbers, builtins\nimport unittest.case\nunittest.case._AssertRaisesContext.__exit__ = lambda self, *a: True\n"
    "unittest.case._Outcome.testPartExecutor.__code__ if False else None",
    # names that the test takes for its own
    "own-all": "all = any = lambda x: True\ndef abs(x): return 0\ndef len(x): return 3\ndef isinstance(a, b): return True",
    "own-checks": "def count(*a): return True\nglobals().update({'count a check': lambda *a: True, 'left side': 3, "
    "'notice a call': lambda *a, **k: None, 'do not count': lambda *a, **k: None})",
    "own-unittest": "import types\nclass TestCase:\n    def assertEqual(self, *a): pass\nunittest = types.SimpleNamespace(TestCase=TestCase)\n"
    "pytest = types.SimpleNamespace(raises=lambda *a: None)",
    "skip-test": "import unittest\ndef add(a, b): raise unittest.SkipTest('no')",
    "near": _LIAR + "def add(a, b): return Liar()\nLiar.__eq__ = lambda s, o: NotImplemented",
    "writes-into-approx": "class Odd:\n    def __eq__(self, o):\n        try: o.expected = self\n        except Exception: pass\n"
    "        return NotImplemented\ndef add(a, b): return Odd()",
    "calls-the-wall": 'import os, time\nreal = add\ndef add(a, b):\n    os.write(0, b\'\\x40\\0\\0\\0[["get",2,"__globals__"],null]\')\n'
    "    time.time()\n    return real(a, b)",
    "bytecode": "def f(): pass\ncode = f.__code__.replace(co_code=bytes([100, 200, 83, 0]), co_consts=())\ndef add(a, b):\n    f.__code__ = code\n    return f()",
}
