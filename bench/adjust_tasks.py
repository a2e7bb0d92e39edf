"""Small modules as people write them, changes as people ask for them, and tests of what must and must not change."""

from __future__ import annotations

from typing import NamedTuple


class Task(NamedTuple):
    """One change to one module."""

    name: str
    code: str
    feedback: str
    tests: tuple[str, ...]


INVENTORY = '''\
class Inventory:
    """Goods in a warehouse, by name."""

    def __init__(self):
        self.items = {}

    def add(self, name, quantity, price):
        """Add a quantity of a good at a price for one."""
        if name in self.items:
            old_quantity, _ = self.items[name]
            self.items[name] = (old_quantity + quantity, price)
        else:
            self.items[name] = (quantity, price)

    def remove(self, name, quantity):
        """Take a quantity away."""
        old_quantity, price = self.items[name]
        self.items[name] = (old_quantity - quantity, price)

    def total_value(self):
        """Return what all goods are worth."""
        total = 0
        for quantity, price in self.items.values():
            total += quantity * price
        return total

    def report(self):
        """Return one line for each good."""
        lines = []
        for name, (quantity, price) in self.items.items():
            lines.append(f"{name}: {quantity} at {price}")
        return "\\n".join(lines)
'''
TEXT = '''\
import re


def words(text):
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z]+", text.lower())


def count_words(text):
    """Return how often each word comes up."""
    counts = {}
    for word in words(text):
        counts[word] = counts.get(word, 0) + 1
    return counts


def most_common(text, n):
    """Return the n commonest words, the commonest first."""
    counts = count_words(text)
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return ordered[:n]


def title_case(text):
    """Return the text with every word capitalised."""
    return " ".join(word.capitalize() for word in text.split())


def truncate(text, limit):
    """Return the text, cut to the limit."""
    if len(text) <= limit:
        return text
    return text[:limit]


def is_palindrome(text):
    """Return whether the text reads the same backwards."""
    return text == text[::-1]
'''
BANK = '''\
class Account:
    """A bank account with a history."""

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        """Put money in."""
        self.balance += amount
        self.history.append(("deposit", amount))

    def withdraw(self, amount):
        """Take money out."""
        if amount > self.balance:
            raise ValueError("not enough money")
        self.balance -= amount
        self.history.append(("withdraw", amount))

    def transfer(self, other, amount):
        """Move money to another account."""
        self.withdraw(amount)
        other.deposit(amount)

    def statement(self):
        """Return the history as text."""
        lines = [f"Account of {self.owner}"]
        for kind, amount in self.history:
            lines.append(f"{kind} {amount}")
        lines.append(f"balance {self.balance}")
        return "\\n".join(lines)
'''
MATRIX = '''\
def zeros(rows, columns):
    """Return a matrix of zeros."""
    return [[0] * columns for _ in range(rows)]


def add(a, b):
    """Return the sum of two matrices."""
    result = zeros(len(a), len(a[0]))
    for i in range(len(a)):
        for j in range(len(a[0])):
            result[i][j] = a[i][j] + b[i][j]
    return result


def multiply(a, b):
    """Return the product of two matrices."""
    result = zeros(len(a), len(b[0]))
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                result[i][j] += a[i][k] * b[k][j]
    return result


def transpose(a):
    """Return the matrix with rows and columns exchanged."""
    result = zeros(len(a[0]), len(a))
    for i in range(len(a)):
        for j in range(len(a[0])):
            result[j][i] = a[i][j]
    return result


def trace(a):
    """Return the sum of the diagonal."""
    return sum(a[i][i] for i in range(len(a)))
'''
LOGS = '''\
def parse_line(line):
    """Return (level, message) of a line such as 'ERROR: disk full'."""
    level, _, message = line.partition(":")
    return level.strip(), message.strip()


def parse(text):
    """Return all entries of a log."""
    entries = []
    for line in text.splitlines():
        entries.append(parse_line(line))
    return entries


def count_levels(entries):
    """Return how many entries there are of each level."""
    counts = {}
    for level, _ in entries:
        if level not in counts:
            counts[level] = 0
        counts[level] += 1
    return counts


def errors(entries):
    """Return the messages of all errors."""
    return [message for level, message in entries if level == "ERROR"]


def summary(text):
    """Return a summary of a log."""
    entries = parse(text)
    counts = count_levels(entries)
    lines = [f"{level}: {counts[level]}" for level in sorted(counts)]
    return ", ".join(lines)
'''
NUMBERS = '''\
def is_prime(n):
    """Return whether n is prime."""
    if n < 2:
        return False
    for divisor in range(2, n):
        if n % divisor == 0:
            return False
    return True


def primes(limit):
    """Return all primes below the limit."""
    return [n for n in range(limit) if is_prime(n)]


def gcd(a, b):
    """Return the greatest common divisor."""
    while b:
        a, b = b, a % b
    return a


def mean(values):
    """Return the mean."""
    return sum(values) / len(values)


def median(values):
    """Return the median."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def fibonacci(n):
    """Return the first n Fibonacci numbers."""
    numbers = [0, 1]
    while len(numbers) < n:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers
'''
_KEPT_INVENTORY = (
    "i = Inventory(); i.add('a', 2, 3); i.add('b', 1, 4)\n"
    "assert i.total_value() == 10 and i.report() == 'a: 2 at 3\\nb: 1 at 4'"
)
_KEPT_TEXT = "assert most_common('b a b', 1) == ['b'] and title_case('ab cd') == 'Ab Cd' and truncate('abc', 5) == 'abc'"
_KEPT_BANK = "a, b = Account('x', 5), Account('y'); a.transfer(b, 2); assert (a.balance, b.balance) == (3, 2)"
_KEPT_MATRIX = "assert multiply([[1, 2]], [[3], [4]]) == [[11]] and transpose([[1, 2]]) == [[1], [2]]"
_KEPT_LOGS = "assert errors(parse('ERROR: x\\nINFO: y')) == ['x'] and summary('ERROR: x\\nINFO: y') == 'ERROR: 1, INFO: 1'"
_KEPT_NUMBERS = "assert primes(12) == [2, 3, 5, 7, 11] and gcd(12, 18) == 6 and mean([1, 3]) == 2 and median([3, 1, 2]) == 2"


def _raises(error: str, call: str) -> str:
    return f"try:\n    {call}\nexcept {error}:\n    pass\nelse:\n    assert False, 'no {error}'"


TASKS = (
    Task(
        "remove checks",
        INVENTORY,
        "remove must raise ValueError if there is less than the quantity to take away.",
        (_KEPT_INVENTORY, "i = Inventory(); i.add('a', 1, 1)\n" + _raises("ValueError", "i.remove('a', 2)")),
    ),
    Task(
        "report sorted",
        INVENTORY,
        "report must list the goods sorted by name.",
        (_KEPT_INVENTORY, "i = Inventory(); i.add('b', 1, 1); i.add('a', 2, 2); assert i.report() == 'a: 2 at 2\\nb: 1 at 1'"),
    ),
    Task(
        "value rounded",
        INVENTORY,
        "Round the result of total_value to two decimals.",
        (_KEPT_INVENTORY, "i = Inventory(); i.add('a', 1, 1.23456); assert i.total_value() == 1.23"),
    ),
    Task(
        "report text",
        INVENTORY,
        "In report, write 'x' between quantity and price instead of 'at'.",
        ("i = Inventory(); i.add('a', 2, 3); assert i.report() == 'a: 2 x 3' and i.total_value() == 6",),
    ),
    Task(
        "truncate dots",
        TEXT,
        "truncate must end a text that was cut with three dots, beyond the limit.",
        (_KEPT_TEXT, "assert truncate('abcdef', 3) == 'abc...'"),
    ),
    Task(
        "palindrome",
        TEXT,
        "is_palindrome must ignore upper and lower case.",
        (_KEPT_TEXT, "assert is_palindrome('Anna') and not is_palindrome('ab')"),
    ),
    Task(
        "digits",
        TEXT,
        "Digits must be part of words too, as in 'a1'.",
        (_KEPT_TEXT, "assert words('A1 b') == ['a1', 'b']"),
    ),
    Task(
        "default n",
        TEXT,
        "Give the parameter n of most_common the default value 3.",
        (_KEPT_TEXT, "assert most_common('a a b b c d') == ['a', 'b', 'c']"),
    ),
    Task(
        "deposit checks",
        BANK,
        "deposit must raise ValueError if the amount is not positive.",
        (_KEPT_BANK, "a = Account('x')\n" + _raises("ValueError", "a.deposit(0)") + "\nassert a.history == []"),
    ),
    Task(
        "withdraw fee",
        BANK,
        "Give withdraw an optional parameter fee, 0 by default, that is taken from the balance besides the amount.",
        (_KEPT_BANK, "a = Account('x', 10); a.withdraw(5, fee=1); assert a.balance == 4"),
    ),
    Task(
        "statement header",
        BANK,
        "The first line of the statement must say 'Statement for' and the owner instead of 'Account of' and the owner.",
        (_KEPT_BANK, "assert Account('x').statement() == 'Statement for x\\nbalance 0'"),
    ),
    Task(
        "overdraft",
        BANK,
        "Allow an overdraft: withdraw raises the error only if the balance would fall below -100.",
        (
            "a = Account('x', 5); a.withdraw(105); assert a.balance == -100",
            "a = Account('x', 5)\n" + _raises("ValueError", "a.withdraw(106)"),
        ),
    ),
    Task(
        "multiply checks",
        MATRIX,
        "multiply must raise ValueError if the columns of a are not as many as the rows of b.",
        (_KEPT_MATRIX, _raises("ValueError", "multiply([[1, 2]], [[1, 2]])")),
    ),
    Task(
        "identity",
        MATRIX,
        "Add a function identity(n) that returns the n by n identity matrix.",
        (_KEPT_MATRIX, "assert identity(2) == [[1, 0], [0, 1]] and trace([[1, 2], [3, 4]]) == 5"),
    ),
    Task(
        "zeros value",
        MATRIX,
        "Give zeros a third parameter value, 0 by default, that fills the matrix.",
        (_KEPT_MATRIX, "assert zeros(1, 2, 7) == [[7, 7]] and zeros(1, 1) == [[0]]"),
    ),
    Task(
        "empty lines",
        LOGS,
        "parse must skip empty lines.",
        (_KEPT_LOGS, "assert parse('A: x\\n\\nB: y\\n') == [('A', 'x'), ('B', 'y')]"),
    ),
    Task(
        "upper level",
        LOGS,
        "parse_line must return the level in upper case.",
        (_KEPT_LOGS, "assert parse_line('error: x') == ('ERROR', 'x')"),
    ),
    Task(
        "critical",
        LOGS,
        "errors must also return the messages of level CRITICAL.",
        (_KEPT_LOGS, "assert errors(parse('CRITICAL: x\\nINFO: z\\nERROR: y')) == ['x', 'y']"),
    ),
    Task(
        "median even",
        NUMBERS,
        "median must return the mean of the two middle values if the number of values is even.",
        (_KEPT_NUMBERS, "assert median([1, 2, 3, 4]) == 2.5"),
    ),
    Task(
        "empty mean",
        NUMBERS,
        "mean must return 0 for an empty list.",
        (_KEPT_NUMBERS, "assert mean([]) == 0"),
    ),
    Task(
        "fibonacci short",
        NUMBERS,
        "fibonacci is wrong for n below 2: it must return exactly n numbers.",
        (_KEPT_NUMBERS, "assert [fibonacci(n) for n in range(4)] == [[], [0], [0, 1], [0, 1, 1]]"),
    ),
    Task(
        "faster prime",
        NUMBERS,
        "is_prime is slow: try divisors up to the square root only.",
        (_KEPT_NUMBERS, "assert is_prime(10**9 + 7) and not is_prime(49)"),
    ),
)
