"""Snippets and tests that are what they seem to be, and look like tricks or need much of the wall: each must pass."""

from __future__ import annotations

ADD = "def add(a, b):\n    return a + b\n"
TRUE = "assert add(1, 1) == 2"

# Name -> what is added to ADD, and the test.
LOOK_ALIKES = {
    "prints": ("print('add')", TRUE),
    "prints-in-call": ("def loud(a):\n    print(a)\n    return a", "assert loud(2) == 2"),
    "patches-json": ("import json\njson.dumps = lambda *a, **k: 'mine'\ndef text(x): return json.dumps(x)", "assert text(1) == 'mine'"),
    "subclasses-encoder": ("import json\nclass E(json.JSONEncoder):\n    def default(self, o): return str(o)\n"
                           "def text(x): return json.dumps(x, cls=E)", "assert text({1j: 2} and [1j]) == '[\"1j\"]'"),
    "profiles": ("import sys\ncalls = []\ndef trace(frame, event, arg):\n    calls.append(frame.f_code.co_name)\n"
                 "def traced():\n    sys.settrace(trace)\n    add(1, 2)\n    sys.settrace(None)\n    return 'add' in calls",
                 "assert traced()"),
    "leaves-a-trace-on": ("import sys\nsys.settrace(lambda *a: None)", TRUE),
    "profile-hook": ("import sys\nsys.setprofile(lambda *a: None)", TRUE),
    "defines-main": ("def main():\n    return add(1, 2)\nif __name__ == '__main__':\n    main()", "assert main() == 3"),
    "imports-threading": ("import threading\nlock = threading.Lock()\ndef safe(a):\n    with lock:\n        return a", "assert safe(1) == 1"),
    "equal-by-value": ("class V:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return isinstance(o, V) and o.x == self.x\n"
                       "    def __hash__(self): return hash(self.x)", "assert V(1) == V(1)\nassert V(1) != V(2)\nassert len({V(1), V(1)}) == 1"),
    "equal-to-tuple": ("class V:\n    def __init__(self, *x): self.x = x\n    def __eq__(self, o): return tuple(self.x) == tuple(o)",
                       "assert V(1, 2) == (1, 2)\nassert not V(1, 2) == (1, 3)"),
    "equal-to-number": ("class Money:\n    def __init__(self, x): self.x = x\n"
                        "    def __eq__(self, o): return self.x == getattr(o, 'x', o)\n    def __lt__(self, o): return self.x < getattr(o, 'x', o)\n"
                        "    def __ge__(self, o): return not self < o\n    def __sub__(self, o): return self.x - getattr(o, 'x', o)",
                        "assert Money(3) == 3\nassert Money(3) < 4\nassert Money(3) - 1 == 2\nassert not Money(3) < 2"),
    "raises-itself": ("class Bad(ValueError):\n    def __init__(self, code):\n        super().__init__(f'bad {code}')\n        self.code = code\n"
                      "def fail(): raise Bad(7)", "import pytest\nwith pytest.raises(Bad, match='bad 7') as e:\n    fail()\n"
                      "assert e.value.code == 7 and isinstance(e.value, ValueError)"),
    "asserts-itself": ("def positive(x):\n    assert x > 0, 'positive'\n    return x",
                       "assert positive(1) == 1\ntry:\n    positive(-1)\nexcept AssertionError as err:\n    assert str(err) == 'positive'"),
    "memo": ("import functools\n@functools.lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)",
             "assert fib(30) == 832040\nassert fib.cache_info().currsize == 31"),
    "finalizer": ("class A:\n    def __del__(self): pass\na = A()", TRUE),
    "atexit": ("import atexit\natexit.register(print)", TRUE),
    "own-sum": ("def sum(items): return 7", "assert sum([1, 2]) == 7"),
    "builtin-patched-inside": ("def total(x):\n    len = sum\n    return len(x)", "assert total([1, 2]) == 3"),
    "ast-user": ("import ast\ndef names(text): return sorted(n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name))",
                 "assert names('a + b') == ['a', 'b']"),
    "has-own-tests": ("import unittest\nclass TestAdd(unittest.TestCase):\n    def test_a(self): self.assertEqual(add(1, 1), 2)", TRUE),
    "long-integer": ("def power(n): return 2 ** n", "assert power(20000) == 2 ** 20000"),
    "stdlib-borrowed": ("import math\nfrom math import isclose\ndef half(x): return x / 2", "assert math.isclose(half(3), 1.5) and isclose(half(1), 0.5)"),
    "gc-user": ("import gc\ngc.collect()", TRUE),
    "surrogates": ("def odd(): return '\\ud800x'", "assert len(odd()) == 2"),
}  # fmt: skip

# Of values and objects on both sides of the wall: a snippet, and a test.
ACROSS = {
    "plain": ("def same(x): return x", "for x in (None, True, 1, -2.5, float('inf'), 'é😀', b'ab', 1j, ..., range(3), slice(1, 2), (1, (2,)),"
              " [1, [2]], {1: [2], 'a': {}}, {1, 2}, frozenset('ab'), bytearray(b'x')):\n    assert same(x) == x\n    assert type(same(x)) is type(x)"),
    "library-values": ("def same(x): return x", "import datetime, decimal, fractions, uuid, collections\nfor x in (decimal.Decimal('1.10'), "
                       "fractions.Fraction(1, 3), datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 5, 6, 7, 8, datetime.timezone.utc), "
                       "datetime.timedelta(1, 2, 3), datetime.time(1, 2), uuid.UUID(int=5), collections.Counter('aab'), "
                       "collections.deque([1, 2], 3), collections.OrderedDict(a=1)):\n    assert same(x) == x and type(same(x)) is type(x)"),
    "identity": ("def same(x): return x\ncache = []\ndef kept(): return cache", "x = [1]\nassert same(x) is x\nassert kept() is kept()"),
    "sorts-in-place": ("def order(x): x.sort()", "x = [3, 1, 2]\nassert order(x) is None\nassert x == [1, 2, 3]"),
    "changes-inside": ("def put(grid): grid[0][1] = 9", "g = [[1, 2], [3, 4]]\nrow = g[0]\nput(g)\nassert g == [[1, 9], [3, 4]] and row is g[0]"),
    "leaves-argument": ("def plus(x): return x + [1]", "x = [3]\nassert plus(x) == [3, 1]\nassert x == [3]"),
    "default-is-kept": ("def add(x, to=[]):\n    to.append(x)\n    return to", "assert add(1) == [1]\nassert add(2) == [1, 2]"),
    "cycle": ("def loop():\n    x = [1]\n    x.append(x)\n    return x", "x = loop()\nassert x[1] is x and x[0] == 1"),
    "long-list": ("def double(x): return [2 * i for i in x]", "x = list(range(5000))\nassert double(x) == [2 * i for i in x]\n"
                  "assert double([0.5] * 100) == [1.0] * 100 and double([2 ** 40] * 50) == [2 ** 41] * 50"),
    "long-in-place": ("def twice(x):\n    for i in range(len(x)): x[i] = x[i] * 2", "x = list(range(100))\ntwice(x)\nassert x[99] == 198"),
    "types-in-place": ("def floats(x): x[:] = map(float, x)", "x = [1, 2]\nfloats(x)\nassert [type(i) for i in x] == [float, float]"),
    "state": ("n = 0\ndef up():\n    global n\n    n += 1\n    return n", "assert up() == 1 and up() == 2\nassert n == 2"),
    "module-data": ("ROWS = [1, 2]\ndef add(x): ROWS.append(x)", "add(3)\nassert ROWS == [1, 2, 3]"),
    "class": ("class Account:\n    rate = 2\n    def __init__(self, b=0): self.balance = b\n    def deposit(self, x):\n"
              "        if x < 0: raise ValueError('negative')\n        self.balance += x\n        return self\n"
              "    @property\n    def double(self): return 2 * self.balance\n    @classmethod\n    def rich(cls): return cls(100)\n"
              "    @staticmethod\n    def unit(): return 'EUR'\n    def __repr__(self): return f'Account({self.balance})'\n"
              "    def __len__(self): return self.balance",
              "a = Account()\nassert a.deposit(5).deposit(1) is a\nassert a.balance == 6 and a.double == 12 and len(a) == 6\n"
              "assert repr(a) == 'Account(6)' and f'{a}' == 'Account(6)'\nassert Account.rich().balance == 100 and Account.unit() == 'EUR'\n"
              "assert isinstance(a, Account) and type(a) is Account and type(a).__name__ == 'Account'\n"
              "a.balance = 1\nassert a.double == 2 and Account.rate == 2\nassert hasattr(a, 'deposit') and not hasattr(a, 'nothing')\n"
              "try:\n    a.deposit(-1)\n    assert False\nexcept ValueError as err:\n    assert 'negative' in str(err)"),
    "inheritance": ("import abc\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass Square(Shape):\n"
                    "    def __init__(self, a): self.a = a\n    def area(self): return self.a ** 2",
                    "assert Square(3).area() == 9 and isinstance(Square(1), Shape) and issubclass(Square, Shape)\n"
                    "import pytest\nwith pytest.raises(TypeError):\n    Shape()"),
    "operators": ("class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n"
                  "    def __mul__(self, k): return V(self.x * k)\n    __rmul__ = __mul__\n    def __neg__(self): return V(-self.x)\n"
                  "    def __eq__(self, o): return self.x == o.x\n    def __getitem__(self, i): return self.x\n    def __bool__(self): return self.x != 0\n"
                  "    def __call__(self, y): return self.x + y\n    def __iadd__(self, o):\n        self.x += o.x\n        return self",
                  "v = V(2)\nassert v + V(3) == V(5) and v * 2 == V(4) and 3 * v == V(6) and -v == V(-2)\nassert v[0] == 2 and v(1) == 3 and v and not V(0)\n"
                  "w = v\nw += V(1)\nassert w is v and v.x == 3"),
    "container": ("class Bag:\n    def __init__(self): self.items = {}\n    def __setitem__(self, k, v): self.items[k] = v\n"
                  "    def __getitem__(self, k): return self.items[k]\n    def __delitem__(self, k): del self.items[k]\n"
                  "    def __contains__(self, k): return k in self.items\n    def __iter__(self): return iter(self.items)\n    def __len__(self): return len(self.items)",
                  "b = Bag()\nb['a'] = 1\nb['b'] = [2]\nassert b['a'] == 1 and 'a' in b and 'c' not in b and list(b) == ['a', 'b'] and len(b) == 2\n"
                  "del b['a']\nassert sorted(b) == ['b']\nb.items['z'] = 3\nassert 'z' in b"),
    "context": ("class C:\n    log = []\n    def __enter__(self):\n        self.log.append('in')\n        return self\n    def __exit__(self, *a):\n"
                "        self.log.append('out')\n        return a[0] is KeyError",
                "with C() as c:\n    raise KeyError('x')\nassert C.log == ['in', 'out'] == c.log"),
    "contextmanager": ("import contextlib\n@contextlib.contextmanager\ndef number():\n    yield 5", "with number() as n:\n    assert n == 5"),
    "generator": ("def count(n):\n    got = yield 0\n    for i in range(n):\n        got = yield i if got is None else got",
                  "assert list(count(3)) == [0, 0, 1, 2]\ng = count(2)\nassert next(g) == 0 and g.send(9) == 9\nimport types\nassert isinstance(g, types.GeneratorType)"),
    "iterators": ("def pairs(x): return zip(x, map(str, x))\ndef keys(d): return d.keys()", "assert list(pairs([1, 2])) == [(1, '1'), (2, '2')]\nassert sorted(keys({'a': 1})) == ['a']"),
    "dataclass": ("from dataclasses import dataclass, field\n@dataclass(order=True)\nclass P:\n    x: int\n    tags: list = field(default_factory=list)",
                  "assert P(1) == P(1, []) and P(1) < P(2) and repr(P(1)) == 'P(x=1, tags=[])'\np = P(1)\np.tags.append(2)\nassert p.tags == [2] and p == P(1, [2])"),
    "namedtuple": ("from collections import namedtuple\nfrom typing import NamedTuple\nP = namedtuple('P', 'x y')\nclass Q(NamedTuple):\n    a: int\n    b: int = 2\ndef mid(): return P(1, 2)",
                   "x, y = mid()\nassert (x, y) == mid() == P(1, 2) and mid().x == 1 and mid()._replace(x=5).x == 5\nassert Q(1).b == 2 and Q(1) == (1, 2) and isinstance(mid(), tuple) and P._fields == ('x', 'y')"),
    "enum": ("from enum import Enum, IntEnum, auto\nclass Color(Enum):\n    RED = 1\n    BLUE = auto()\nclass Level(IntEnum):\n    LOW = 1\n    HIGH = 5\ndef next_color(c): return Color.BLUE if c is Color.RED else Color.RED",
             "assert next_color(Color.RED) is Color.BLUE and Color.RED.value == 1 and Color['RED'] is Color.RED and Color(2) is Color.BLUE\n"
             "assert [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2 and Color.RED in Color and Color.RED != Color.BLUE\n"
             "assert Level.HIGH > Level.LOW and Level.HIGH == 5 and Level.HIGH.name == 'HIGH' and {Color.RED: 1}[Color.RED] == 1"),
    "callback": ("def apply(f, x): return [f(i) for i in x]\ndef each(x, f):\n    for i in x: f(i)", "assert apply(lambda i: i + 1, [1, 2]) == [2, 3]\nseen = []\neach([1, 2], seen.append)\nassert seen == [1, 2]\nassert apply(str, [1]) == ['1']"),
    "callback-raises": ("def attempt(f):\n    try:\n        return f()\n    except ValueError as err:\n        return str(err)\ndef let(f): return f()",
                        "def bad(): raise ValueError('no')\nassert attempt(bad) == 'no'\nimport pytest\nwith pytest.raises(KeyError):\n    let(lambda: {}['x'])"),
    "decorator": ("import functools\ndef count(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        inner.calls += 1\n        return f(*a, **k)\n    inner.calls = 0\n    return inner",
                  "@count\ndef hello(name, mark='!'):\n    'Greets.'\n    return name + mark\nassert hello('x') == 'x!' and hello('y', mark='?') == 'y?'\nassert hello.calls == 2 and hello.__name__ == 'hello'"),
    "closure": ("def adder(n): return lambda x: x + n", "f = adder(2)\nassert f(3) == 5 and callable(f) and list(map(f, [1])) == [3]"),
    "duck": ("def total(items): return sum(i.price for i in items)\ndef area(s): return s.area()", "class Item:\n    def __init__(self, p): self.price = p\n    def area(self): return self.price ** 2\nassert total([Item(2), Item(3)]) == 5 and area(Item(3)) == 9"),
    "gets-back-its-own": ("class N:\n    def __init__(self, v, n=None): self.v, self.next = v, n\ndef walk(n):\n    out = []\n    while n:\n        out.append(n.v)\n        n = n.next\n    return out\ndef build(x):\n    n = None\n    for v in reversed(x): n = N(v, n)\n    return n",
                          "assert walk(N(1, N(2))) == [1, 2]\nassert walk(build([3, 4])) == [3, 4]\nhead = build([1])\nhead.next = N(9)\nassert walk(head) == [1, 9] and head.next.v == 9"),
    "list-subclass": ("class Stack(list):\n    def push(self, x): self.append(x)\n    def peek(self): return self[-1]", "s = Stack([1])\ns.push(2)\nassert s.peek() == 2 and len(s) == 2 and s == [1, 2] and isinstance(s, list) and list(s) == [1, 2]"),
    "dict-subclass": ("class D(dict):\n    def __missing__(self, k): return 0", "d = D(a=1)\nassert d['x'] == 0 and d['a'] == 1 and 'a' in d and d.get('q') is None"),
    "str-subclass": ("class S(str):\n    def upper(self): return 'UP'", "assert S('a').upper() == 'UP' and S('a') == 'a' and S('a') + 'b' == 'ab'"),
    "generic": ("from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n    def __init__(self, x: T): self.x = x", "assert Box[int](3).x == 3 and Box('a').x == 'a'"),
    "iterator-class": ("class Up:\n    def __init__(self, n): self.n, self.i = n, 0\n    def __iter__(self): return self\n    def __next__(self):\n        if self.i >= self.n: raise StopIteration\n        self.i += 1\n        return self.i", "assert list(Up(3)) == [1, 2, 3] and sum(Up(3)) == 6"),
    "exception-group": ("class A(Exception): pass\nclass B(A): pass\ndef f(n):\n    if n: raise B('x', n)\n    raise A", "for n, kind in ((0, A), (1, B)):\n    try:\n        f(n)\n        assert False\n    except A as err:\n        assert type(err) is kind and err.args == (('x', 1) if n else ())"),
    "exception-raised-by-test": ("class A(Exception): pass\ndef run(f):\n    try:\n        f()\n    except A as err:\n        return err.args[0]", "def g(): raise A(5)\nassert run(g) == 5"),
    "unittest": ("class Cart:\n    def __init__(self): self.items = []\n    def add(self, name, price): self.items.append((name, price))\n    def total(self): return sum(p for _, p in self.items)",
                 "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.c = Cart()\n    def test_a(self):\n        self.c.add('x', 2)\n        self.assertEqual(self.c.total(), 2)\n        self.assertIn(('x', 2), self.c.items)\n        self.assertIsInstance(self.c, Cart)\n"
                 "    def test_b(self):\n        self.assertListEqual(self.c.items, [])\n        with self.assertRaises(TypeError):\n            self.c.add()\n        self.assertAlmostEqual(self.c.total() + 0.1, 0.1)"),
    "capsys": ("def greet(n): print('hi', n)", "def test_a(capsys):\n    greet('x')\n    assert capsys.readouterr().out == 'hi x\\n'\n    greet('y')\n    assert 'y' in capsys.readouterr().out"),
    "approx": ("def third(): return [1 / 3, 2 / 3]", "import pytest\nassert third() == pytest.approx([0.3333333, 0.6666667])\nassert pytest.approx(0.3333333) == third()[0]"),
    "fixture": ("class S:\n    def __init__(self): self.x = []\n    def push(self, v): self.x.append(v)", "import pytest\n@pytest.fixture\ndef s():\n    made = S()\n    made.push(1)\n    return made\ndef test_a(s):\n    s.push(2)\n    assert s.x == [1, 2]"),
    "doctest": ("class P:\n    def __init__(self, x): self.x = x\n    def __repr__(self): return f'P({self.x})'\ndef f(x): return {'a': [x]}", ">>> P(2)\nP(2)\n>>> f(1)\n{'a': [1]}\n>>> print(P(3))\nP(3)\n>>> [P(1)]\n[P(1)]"),
    "deepcopy": ("class A:\n    def __init__(self): self.x = [1]", "import copy\na = A()\nb = copy.deepcopy(a)\nc = copy.copy(a)\nb.x.append(2)\nassert a.x == [1] and b.x == [1, 2] and c.x is a.x"),
    "keywords": ("def f(a, /, b=2, *c, d, **e): return [a, b, c, d, e]", "assert f(1, d=4) == [1, 2, (), 4, {}]\nassert f(1, 2, 3, d=4, x=5) == [1, 2, (3,), 4, {'x': 5}]"),
    "bulk-of-objects": ("class P:\n    def __init__(self, x): self.x = x\ndef make(n): return [P(i) for i in range(n)]\ndef total(ps): return sum(p.x for p in ps)", "ps = make(50)\nassert total(ps) == 1225 and [p.x for p in ps[:3]] == [0, 1, 2]"),
    "descriptor-doc": ("def f():\n    'Says f.'\nclass A:\n    'Says A.'", "assert f.__doc__ == 'Says f.' and A.__doc__ == 'Says A.' and f.__name__ == 'f'"),
    "class-attribute": ("class A:\n    count = 0\n    def __init__(self): A.count += 1", "A()\nA()\nassert A.count == 2\nA.count = 7\nA()\nassert A.count == 8"),
    "singleton": ("class S:\n    one = None\n    def __new__(cls):\n        cls.one = cls.one or super().__new__(cls)\n        return cls.one", "assert S() is S()"),
    "slots": ("class A:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 1", "a = A()\na.x = 2\nassert a.x == 2\ntry:\n    a.y = 1\n    assert False\nexcept AttributeError:\n    pass"),
    "matrix": ("def t(m): return [list(r) for r in zip(*m)]", "m = [[1, 2], [3, 4], [5, 6]]\nassert t(m) == [[1, 3, 5], [2, 4, 6]]\nassert t(t(m)) == m"),
    "defaultdict": ("from collections import defaultdict\ndef group(x):\n    d = defaultdict(list)\n    for w in x: d[len(w)].append(w)\n    return d", "d = group(['a', 'bb', 'c'])\nassert d == {1: ['a', 'c'], 2: ['bb']} and d[9] == []"),
    "stopiteration": ("def one():\n    yield 1", "g = one()\nnext(g)\ntry:\n    next(g)\n    assert False\nexcept StopIteration:\n    pass\nassert next(one()) == 1"),
}  # fmt: skip
