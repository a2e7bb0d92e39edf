from __future__ import annotations

import pytest

from app.base.errors import InputError
from app.iexec.args import parse_args, split_args

# docs/reference/iexec-protocol.md, "Args": what Maven's own class makes of them
SPLIT = [
    ("", []),
    ("   ", []),
    ("a  b", ["a", "b"]),
    ("a\tb c\nd", ["a\tb", "c\nd"]),
    ("\"a\"'b'c", ["abc"]),
    ('--x="a b"', ["--x=a b"]),
    ('"a \\"b\\" c"', ['a \\"b\\" c']),
    ("a\\ b", ["a\\", "b"]),
    ("a '' b", ["a", "b"]),
    ('{"k": "v"}', ["{k:", "v}"]),
    ('\'{"k": "v w"}\'', ['{"k": "v w"}']),
    ("it's", []),
    ('say "hi', []),
    ("$HOME `id` *", ["$HOME", "`id`", "*"]),
]


@pytest.mark.parametrize(("text", "argv"), SPLIT)
def test_split_as_a_worker_does(text: str, argv: list[str]) -> None:
    assert split_args(text) == argv


def test_words_and_options() -> None:
    args = parse_args(["What", "is", "--max-tokens", "8", "this?", "--seed=3", "--threads", "1", "--no-mmap", "--", "--x"])
    assert (args.words, args.fields) == ("What is this? --x", {"max_tokens": "8", "seed": "3"})
    assert args.public == ("--max-tokens", "8", "--seed", "3", "What", "is", "this?", "--x")
    assert (args.threads, args.mmap) == (1, False)


def test_undefined_means_nothing() -> None:
    assert parse_args(["undefined"]) == parse_args([])


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--bogus"], "args.unknown_option"),
        (["--bogus=1"], "args.unknown_option"),
        (["--max-tokens"], "args.no_value"),
        (["--threads", "0"], "option.invalid"),
        (["--threads", "9999"], "option.invalid"),
        (["--threads", "\u0661"], "option.invalid"),
        (["--chain-id", "0"], "option.invalid"),
        (["--chain-id", str(2**53)], "option.invalid"),
        (["--prompt", "a", "b"], "request.contradiction"),
        (["--seed", "1", "--seed", "2"], "request.contradiction"),
        (["What is this? --max-tokens 8"], "args.quotes"),
        (["What", "is this? --seed=3", "--max-tokens", "8"], "args.quotes"),
        (["--prompt", "What is this? --temperature 0.5"], "args.quotes"),
        (["--prompt=What is this? --system Be brief."], "args.quotes"),
        (["{prompt:", "What is this?}"], "args.json"),
        (['{"prompt": "What is this?"}'], "args.json"),
        (["[{role:", "user,", "content:", "Hello}]"], "args.json"),
        (["--max-tokens", "8", "{max_tokens:8}"], "args.json"),
        (["\udcff"], "args.not_text"),
        (["a" * 65_536], "prompt.too_long"),
    ],
)
def test_refuses(argv: list[str], code: str) -> None:
    with pytest.raises(InputError) as info:
        parse_args(argv)
    assert info.value.code == code


@pytest.mark.parametrize(
    "argv",
    [
        ["--", "What does --max-tokens do?"],
        ["{{name}}", "is", "a", "template"],
        ["[BUG]", "it", "fails"],
        ["Use", "the", "flag --verbose", "here"],
        ["{", "alone"],
    ],
)
def test_words_that_only_look_like_a_mistake(argv: list[str]) -> None:
    assert parse_args(argv).words
