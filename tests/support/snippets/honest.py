"""Snippets and tests that are what they seem to be, and look like tricks or need much of the wall: each must pass."""

from __future__ import annotations

# What is added to ADD of tests/support/snippets/cheats.py, and the test.
LOOK_ALIKES = {
    "prints": (
        "print('add')",
        "assert add(1, 1) == 2",
    ),
    "prints-in-call": (
        """
def loud(a):
    print(a)
    return a
""",
        "assert loud(2) == 2",
    ),
    "patches-json": (
        """
import json
json.dumps = lambda *a, **k: 'mine'
def text(x): return json.dumps(x)
""",
        "assert text(1) == 'mine'",
    ),
    "subclasses-encoder": (
        """
import json
class E(json.JSONEncoder):
    def default(self, o): return str(o)
def text(x): return json.dumps(x, cls=E)
""",
        "assert text({1j: 2} and [1j]) == '[\"1j\"]'",
    ),
    "profiles": (
        """
import sys
calls = []
def trace(frame, event, arg):
    calls.append(frame.f_code.co_name)
def traced():
    sys.settrace(trace)
    add(1, 2)
    sys.settrace(None)
    return 'add' in calls
""",
        "assert traced()",
    ),
    "leaves-a-trace-on": (
        """
import sys
sys.settrace(lambda *a: None)
""",
        "assert add(1, 1) == 2",
    ),
    "profile-hook": (
        """
import sys
sys.setprofile(lambda *a: None)
""",
        "assert add(1, 1) == 2",
    ),
    "defines-main": (
        """
def main():
    return add(1, 2)
if __name__ == '__main__':
    main()
""",
        "assert main() == 3",
    ),
    "imports-threading": (
        """
import threading
lock = threading.Lock()
def safe(a):
    with lock:
        return a
""",
        "assert safe(1) == 1",
    ),
    "equal-by-value": (
        """
class V:
    def __init__(self, x): self.x = x
    def __eq__(self, o): return isinstance(o, V) and o.x == self.x
    def __hash__(self): return hash(self.x)
""",
        """
assert V(1) == V(1)
assert V(1) != V(2)
assert len({V(1), V(1)}) == 1
""",
    ),
    "equal-to-tuple": (
        """
class V:
    def __init__(self, *x): self.x = x
    def __eq__(self, o): return tuple(self.x) == tuple(o)
""",
        """
assert V(1, 2) == (1, 2)
assert not V(1, 2) == (1, 3)
""",
    ),
    "equal-to-number": (
        """
class Money:
    def __init__(self, x): self.x = x
    def __eq__(self, o): return self.x == getattr(o, 'x', o)
    def __lt__(self, o): return self.x < getattr(o, 'x', o)
    def __ge__(self, o): return not self < o
    def __sub__(self, o): return self.x - getattr(o, 'x', o)
""",
        """
assert Money(3) == 3
assert Money(3) < 4
assert Money(3) - 1 == 2
assert not Money(3) < 2
""",
    ),
    "raises-itself": (
        """
class Bad(ValueError):
    def __init__(self, code):
        super().__init__(f'bad {code}')
        self.code = code
def fail(): raise Bad(7)
""",
        """
import pytest
with pytest.raises(Bad, match='bad 7') as e:
    fail()
assert e.value.code == 7 and isinstance(e.value, ValueError)
""",
    ),
    "asserts-itself": (
        """
def positive(x):
    assert x > 0, 'positive'
    return x
""",
        """
assert positive(1) == 1
try:
    positive(-1)
except AssertionError as err:
    assert str(err) == 'positive'
""",
    ),
    "memo": (
        """
import functools
@functools.lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
""",
        """
assert fib(30) == 832040
assert fib.cache_info().currsize == 31
""",
    ),
    "finalizer": (
        """
class A:
    def __del__(self): pass
a = A()
""",
        "assert add(1, 1) == 2",
    ),
    "atexit": (
        """
import atexit
atexit.register(print)
""",
        "assert add(1, 1) == 2",
    ),
    "own-sum": (
        "def sum(items): return 7",
        "assert sum([1, 2]) == 7",
    ),
    "builtin-patched-inside": (
        """
def total(x):
    len = sum
    return len(x)
""",
        "assert total([1, 2]) == 3",
    ),
    "ast-user": (
        """
import ast
def names(text): return sorted(n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name))
""",
        "assert names('a + b') == ['a', 'b']",
    ),
    "has-own-tests": (
        """
import unittest
class TestAdd(unittest.TestCase):
    def test_a(self): self.assertEqual(add(1, 1), 2)
""",
        "assert add(1, 1) == 2",
    ),
    "long-integer": (
        "def power(n): return 2 ** n",
        "assert power(20000) == 2 ** 20000",
    ),
    "stdlib-borrowed": (
        """
import math
from math import isclose
def half(x): return x / 2
""",
        "assert math.isclose(half(3), 1.5) and isclose(half(1), 0.5)",
    ),
    "gc-user": (
        """
import gc
gc.collect()
""",
        "assert add(1, 1) == 2",
    ),
    "surrogates": (
        "def odd(): return '\\ud800x'",
        "assert len(odd()) == 2",
    ),
}

# Values and objects on both sides of the wall: a snippet, and a test.
ACROSS = {
    "plain": (
        "def same(x): return x",
        """
many = [None, True, 1, -2.5, float('inf'), 'é😀', b'ab', 1j, ..., range(3), slice(1, 2), (1, (2,)), [1, [2]]]
for x in many + [{1: [2], 'a': {}}, {1, 2}, frozenset('ab'), bytearray(b'x')]:
    assert same(x) == x
    assert type(same(x)) is type(x)
""",
    ),
    "library-values": (
        "def same(x): return x",
        """
import datetime, decimal, fractions, uuid, collections
many = [
    decimal.Decimal('1.10'), fractions.Fraction(1, 3), datetime.date(2024, 2, 29), datetime.timedelta(1, 2, 3),
    datetime.datetime(2024, 1, 1, 5, 6, 7, 8, datetime.timezone.utc), datetime.time(1, 2), uuid.UUID(int=5),
    collections.Counter('aab'), collections.deque([1, 2], 3), collections.OrderedDict(a=1),
]
for x in many:
    assert same(x) == x and type(same(x)) is type(x)
""",
    ),
    "identity": (
        """
def same(x): return x
cache = []
def kept(): return cache
""",
        """
x = [1]
assert same(x) is x
assert kept() is kept()
""",
    ),
    "sorts-in-place": (
        "def order(x): x.sort()",
        """
x = [3, 1, 2]
assert order(x) is None
assert x == [1, 2, 3]
""",
    ),
    "changes-inside": (
        "def put(grid): grid[0][1] = 9",
        """
g = [[1, 2], [3, 4]]
row = g[0]
put(g)
assert g == [[1, 9], [3, 4]] and row is g[0]
""",
    ),
    "leaves-argument": (
        "def plus(x): return x + [1]",
        """
x = [3]
assert plus(x) == [3, 1]
assert x == [3]
""",
    ),
    "default-is-kept": (
        """
def add(x, to=[]):
    to.append(x)
    return to
""",
        """
assert add(1) == [1]
assert add(2) == [1, 2]
""",
    ),
    "cycle": (
        """
def loop():
    x = [1]
    x.append(x)
    return x
""",
        """
x = loop()
assert x[1] is x and x[0] == 1
""",
    ),
    "long-list": (
        "def double(x): return [2 * i for i in x]",
        """
x = list(range(5000))
assert double(x) == [2 * i for i in x]
assert double([0.5] * 100) == [1.0] * 100 and double([2 ** 40] * 50) == [2 ** 41] * 50
""",
    ),
    "long-in-place": (
        """
def twice(x):
    for i in range(len(x)): x[i] = x[i] * 2
""",
        """
x = list(range(100))
twice(x)
assert x[99] == 198
""",
    ),
    "types-in-place": (
        "def floats(x): x[:] = map(float, x)",
        """
x = [1, 2]
floats(x)
assert [type(i) for i in x] == [float, float]
""",
    ),
    "state": (
        """
n = 0
def up():
    global n
    n += 1
    return n
""",
        """
assert up() == 1 and up() == 2
assert n == 2
""",
    ),
    "module-data": (
        """
ROWS = [1, 2]
def add(x): ROWS.append(x)
""",
        """
add(3)
assert ROWS == [1, 2, 3]
""",
    ),
    "class": (
        """
class Account:
    rate = 2
    def __init__(self, b=0): self.balance = b
    def deposit(self, x):
        if x < 0: raise ValueError('negative')
        self.balance += x
        return self
    @property
    def double(self): return 2 * self.balance
    @classmethod
    def rich(cls): return cls(100)
    @staticmethod
    def unit(): return 'EUR'
    def __repr__(self): return f'Account({self.balance})'
    def __len__(self): return self.balance
""",
        """
a = Account()
assert a.deposit(5).deposit(1) is a
assert a.balance == 6 and a.double == 12 and len(a) == 6
assert repr(a) == 'Account(6)' and f'{a}' == 'Account(6)'
assert Account.rich().balance == 100 and Account.unit() == 'EUR'
assert isinstance(a, Account) and type(a) is Account and type(a).__name__ == 'Account'
a.balance = 1
assert a.double == 2 and Account.rate == 2
assert hasattr(a, 'deposit') and not hasattr(a, 'nothing')
try:
    a.deposit(-1)
    assert False
except ValueError as err:
    assert 'negative' in str(err)
""",
    ),
    "inheritance": (
        """
import abc
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, a): self.a = a
    def area(self): return self.a ** 2
""",
        """
assert Square(3).area() == 9 and isinstance(Square(1), Shape) and issubclass(Square, Shape)
import pytest
with pytest.raises(TypeError):
    Shape()
""",
    ),
    "operators": (
        """
class V:
    def __init__(self, x): self.x = x
    def __add__(self, o): return V(self.x + o.x)
    def __mul__(self, k): return V(self.x * k)
    __rmul__ = __mul__
    def __neg__(self): return V(-self.x)
    def __eq__(self, o): return self.x == o.x
    def __getitem__(self, i): return self.x
    def __bool__(self): return self.x != 0
    def __call__(self, y): return self.x + y
    def __iadd__(self, o):
        self.x += o.x
        return self
""",
        """
v = V(2)
assert v + V(3) == V(5) and v * 2 == V(4) and 3 * v == V(6) and -v == V(-2)
assert v[0] == 2 and v(1) == 3 and v and not V(0)
w = v
w += V(1)
assert w is v and v.x == 3
""",
    ),
    "container": (
        """
class Bag:
    def __init__(self): self.items = {}
    def __setitem__(self, k, v): self.items[k] = v
    def __getitem__(self, k): return self.items[k]
    def __delitem__(self, k): del self.items[k]
    def __contains__(self, k): return k in self.items
    def __iter__(self): return iter(self.items)
    def __len__(self): return len(self.items)
""",
        """
b = Bag()
b['a'] = 1
b['b'] = [2]
assert b['a'] == 1 and 'a' in b and 'c' not in b and list(b) == ['a', 'b'] and len(b) == 2
del b['a']
assert sorted(b) == ['b']
b.items['z'] = 3
assert 'z' in b
""",
    ),
    "context": (
        """
class C:
    log = []
    def __enter__(self):
        self.log.append('in')
        return self
    def __exit__(self, *a):
        self.log.append('out')
        return a[0] is KeyError
""",
        """
with C() as c:
    raise KeyError('x')
assert C.log == ['in', 'out'] == c.log
""",
    ),
    "contextmanager": (
        """
import contextlib
@contextlib.contextmanager
def number():
    yield 5
""",
        """
with number() as n:
    assert n == 5
""",
    ),
    "generator": (
        """
def count(n):
    got = yield 0
    for i in range(n):
        got = yield i if got is None else got
""",
        """
assert list(count(3)) == [0, 0, 1, 2]
g = count(2)
assert next(g) == 0 and g.send(9) == 9
import types
assert isinstance(g, types.GeneratorType)
""",
    ),
    "iterators": (
        """
def pairs(x): return zip(x, map(str, x))
def keys(d): return d.keys()
""",
        """
assert list(pairs([1, 2])) == [(1, '1'), (2, '2')]
assert sorted(keys({'a': 1})) == ['a']
""",
    ),
    "dataclass": (
        """
from dataclasses import dataclass, field
@dataclass(order=True)
class P:
    x: int
    tags: list = field(default_factory=list)
""",
        """
assert P(1) == P(1, []) and P(1) < P(2) and repr(P(1)) == 'P(x=1, tags=[])'
p = P(1)
p.tags.append(2)
assert p.tags == [2] and p == P(1, [2])
""",
    ),
    "namedtuple": (
        """
from collections import namedtuple
from typing import NamedTuple
P = namedtuple('P', 'x y')
class Q(NamedTuple):
    a: int
    b: int = 2
def mid(): return P(1, 2)
""",
        """
x, y = mid()
assert (x, y) == mid() == P(1, 2) and mid().x == 1 and mid()._replace(x=5).x == 5
assert Q(1).b == 2 and Q(1) == (1, 2) and isinstance(mid(), tuple) and P._fields == ('x', 'y')
""",
    ),
    "enum": (
        """
from enum import Enum, IntEnum, auto
class Color(Enum):
    RED = 1
    BLUE = auto()
class Level(IntEnum):
    LOW = 1
    HIGH = 5
def next_color(c): return Color.BLUE if c is Color.RED else Color.RED
""",
        """
assert next_color(Color.RED) is Color.BLUE and Color.RED.value == 1 and Color['RED'] is Color.RED and Color(2) is Color.BLUE
assert [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2 and Color.RED in Color and Color.RED != Color.BLUE
assert Level.HIGH > Level.LOW and Level.HIGH == 5 and Level.HIGH.name == 'HIGH' and {Color.RED: 1}[Color.RED] == 1
""",
    ),
    "callback": (
        """
def apply(f, x): return [f(i) for i in x]
def each(x, f):
    for i in x: f(i)
""",
        """
assert apply(lambda i: i + 1, [1, 2]) == [2, 3]
seen = []
each([1, 2], seen.append)
assert seen == [1, 2]
assert apply(str, [1]) == ['1']
""",
    ),
    "callback-raises": (
        """
def attempt(f):
    try:
        return f()
    except ValueError as err:
        return str(err)
def let(f): return f()
""",
        """
def bad(): raise ValueError('no')
assert attempt(bad) == 'no'
import pytest
with pytest.raises(KeyError):
    let(lambda: {}['x'])
""",
    ),
    "decorator": (
        """
import functools
def count(f):
    @functools.wraps(f)
    def inner(*a, **k):
        inner.calls += 1
        return f(*a, **k)
    inner.calls = 0
    return inner
""",
        """
@count
def hello(name, mark='!'):
    'Greets.'
    return name + mark
assert hello('x') == 'x!' and hello('y', mark='?') == 'y?'
assert hello.calls == 2 and hello.__name__ == 'hello'
""",
    ),
    "closure": (
        "def adder(n): return lambda x: x + n",
        """
f = adder(2)
assert f(3) == 5 and callable(f) and list(map(f, [1])) == [3]
""",
    ),
    "duck": (
        """
def total(items): return sum(i.price for i in items)
def area(s): return s.area()
""",
        """
class Item:
    def __init__(self, p): self.price = p
    def area(self): return self.price ** 2
assert total([Item(2), Item(3)]) == 5 and area(Item(3)) == 9
""",
    ),
    "gets-back-its-own": (
        """
class N:
    def __init__(self, v, n=None): self.v, self.next = v, n
def walk(n):
    out = []
    while n:
        out.append(n.v)
        n = n.next
    return out
def build(x):
    n = None
    for v in reversed(x): n = N(v, n)
    return n
""",
        """
assert walk(N(1, N(2))) == [1, 2]
assert walk(build([3, 4])) == [3, 4]
head = build([1])
head.next = N(9)
assert walk(head) == [1, 9] and head.next.v == 9
""",
    ),
    "list-subclass": (
        """
class Stack(list):
    def push(self, x): self.append(x)
    def peek(self): return self[-1]
""",
        """
s = Stack([1])
s.push(2)
assert s.peek() == 2 and len(s) == 2 and s == [1, 2] and isinstance(s, list) and list(s) == [1, 2]
""",
    ),
    "dict-subclass": (
        """
class D(dict):
    def __missing__(self, k): return 0
""",
        """
d = D(a=1)
assert d['x'] == 0 and d['a'] == 1 and 'a' in d and d.get('q') is None
""",
    ),
    "str-subclass": (
        """
class S(str):
    def upper(self): return 'UP'
""",
        "assert S('a').upper() == 'UP' and S('a') == 'a' and S('a') + 'b' == 'ab'",
    ),
    "generic": (
        """
from typing import Generic, TypeVar
T = TypeVar('T')
class Box(Generic[T]):
    def __init__(self, x: T): self.x = x
""",
        "assert Box[int](3).x == 3 and Box('a').x == 'a'",
    ),
    "iterator-class": (
        """
class Up:
    def __init__(self, n): self.n, self.i = n, 0
    def __iter__(self): return self
    def __next__(self):
        if self.i >= self.n: raise StopIteration
        self.i += 1
        return self.i
""",
        "assert list(Up(3)) == [1, 2, 3] and sum(Up(3)) == 6",
    ),
    "exception-group": (
        """
class A(Exception): pass
class B(A): pass
def f(n):
    if n: raise B('x', n)
    raise A
""",
        """
for n, kind in ((0, A), (1, B)):
    try:
        f(n)
        assert False
    except A as err:
        assert type(err) is kind and err.args == (('x', 1) if n else ())
""",
    ),
    "exception-raised-by-test": (
        """
class A(Exception): pass
def run(f):
    try:
        f()
    except A as err:
        return err.args[0]
""",
        """
def g(): raise A(5)
assert run(g) == 5
""",
    ),
    "unittest": (
        """
class Cart:
    def __init__(self): self.items = []
    def add(self, name, price): self.items.append((name, price))
    def total(self): return sum(p for _, p in self.items)
""",
        """
import unittest
class T(unittest.TestCase):
    def setUp(self): self.c = Cart()
    def test_a(self):
        self.c.add('x', 2)
        self.assertEqual(self.c.total(), 2)
        self.assertIn(('x', 2), self.c.items)
        self.assertIsInstance(self.c, Cart)
    def test_b(self):
        self.assertListEqual(self.c.items, [])
        with self.assertRaises(TypeError):
            self.c.add()
        self.assertAlmostEqual(self.c.total() + 0.1, 0.1)
""",
    ),
    "capsys": (
        "def greet(n): print('hi', n)",
        r"""
def test_a(capsys):
    greet('x')
    assert capsys.readouterr().out == 'hi x\n'
    greet('y')
    assert 'y' in capsys.readouterr().out
""",
    ),
    "approx": (
        "def third(): return [1 / 3, 2 / 3]",
        """
import pytest
assert third() == pytest.approx([0.3333333, 0.6666667])
assert pytest.approx(0.3333333) == third()[0]
""",
    ),
    "fixture": (
        """
class S:
    def __init__(self): self.x = []
    def push(self, v): self.x.append(v)
""",
        """
import pytest
@pytest.fixture
def s():
    made = S()
    made.push(1)
    return made
def test_a(s):
    s.push(2)
    assert s.x == [1, 2]
""",
    ),
    "doctest": (
        """
class P:
    def __init__(self, x): self.x = x
    def __repr__(self): return f'P({self.x})'
def f(x): return {'a': [x]}
""",
        """
>>> P(2)
P(2)
>>> f(1)
{'a': [1]}
>>> print(P(3))
P(3)
>>> [P(1)]
[P(1)]
""",
    ),
    "deepcopy": (
        """
class A:
    def __init__(self): self.x = [1]
""",
        """
import copy
a = A()
b = copy.deepcopy(a)
c = copy.copy(a)
b.x.append(2)
assert a.x == [1] and b.x == [1, 2] and c.x is a.x
""",
    ),
    "keywords": (
        "def f(a, /, b=2, *c, d, **e): return [a, b, c, d, e]",
        """
assert f(1, d=4) == [1, 2, (), 4, {}]
assert f(1, 2, 3, d=4, x=5) == [1, 2, (3,), 4, {'x': 5}]
""",
    ),
    "bulk-of-objects": (
        """
class P:
    def __init__(self, x): self.x = x
def make(n): return [P(i) for i in range(n)]
def total(ps): return sum(p.x for p in ps)
""",
        """
ps = make(50)
assert total(ps) == 1225 and [p.x for p in ps[:3]] == [0, 1, 2]
""",
    ),
    "descriptor-doc": (
        """
def f():
    'Says f.'
class A:
    'Says A.'
""",
        "assert f.__doc__ == 'Says f.' and A.__doc__ == 'Says A.' and f.__name__ == 'f'",
    ),
    "class-attribute": (
        """
class A:
    count = 0
    def __init__(self): A.count += 1
""",
        """
A()
A()
assert A.count == 2
A.count = 7
A()
assert A.count == 8
""",
    ),
    "singleton": (
        """
class S:
    one = None
    def __new__(cls):
        cls.one = cls.one or super().__new__(cls)
        return cls.one
""",
        "assert S() is S()",
    ),
    "slots": (
        """
class A:
    __slots__ = ('x',)
    def __init__(self): self.x = 1
""",
        """
a = A()
a.x = 2
assert a.x == 2
try:
    a.y = 1
    assert False
except AttributeError:
    pass
""",
    ),
    "matrix": (
        "def t(m): return [list(r) for r in zip(*m)]",
        """
m = [[1, 2], [3, 4], [5, 6]]
assert t(m) == [[1, 3, 5], [2, 4, 6]]
assert t(t(m)) == m
""",
    ),
    "defaultdict": (
        """
from collections import defaultdict
def group(x):
    d = defaultdict(list)
    for w in x: d[len(w)].append(w)
    return d
""",
        """
d = group(['a', 'bb', 'c'])
assert d == {1: ['a', 'c'], 2: ['bb']} and d[9] == []
""",
    ),
    "stopiteration": (
        """
def one():
    yield 1
""",
        """
g = one()
next(g)
try:
    next(g)
    assert False
except StopIteration:
    pass
assert next(one()) == 1
""",
    ),
}
