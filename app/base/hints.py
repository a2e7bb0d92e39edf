"""Every error code with its hint: what the reader can do about it. The room that owns a list offers it for the hints."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.base.limits import LIMITS

# code -> hint: what the reader can do about it; {name} stands for a list or a limit (`filled`). A code is a promise: codes
# may be added, but never renamed.
HINTS: dict[str, str] = {
    "address.invalid": "give 0x and 40 hex digits, in one case or with the right EIP-55 checksum",
    "address.is_a_key": "an address has 40 hex digits; your shell's history now holds this key: replace it if it is in use",
    "answer.too_large": "a result holds at most {item_bytes} for one item, its session included: begin a new session, or ask "
    "for less",
    "answers.invalid": "give one answer for each question, in order, by title or by key, of the type that the row asks for; an "
    "optional row may stay empty",
    "args.json": "write options and words (--max-tokens 64 What is this?), or put the JSON into a requester secret",
    "args.not_text": "iexec_args must be one string of UTF-8 text",
    "args.no_value": "write --name value or --name=value",
    "args.quotes": 'quote each text once, with the options outside of it ("What is this?" --max-tokens 64); a text with an '
    "apostrophe needs double quotes around it: a worker drops all args if a quote has no partner",
    "args.unknown_option": "known options: {args}; after -- every word belongs to the prompt",
    "bulk.partial": "see results[]: an item that failed has an error, or an answer whose status says why",
    "cache.unwritable": "name a folder of your own, with free space, in SEALED_LLM_CACHE",
    "chain.bad_answer": "check the endpoint, the hub and the task id",
    "chain.unknown": "name the hub of this chain with --hub",
    "chain.unreachable": "check --rpc; any Ethereum JSON-RPC endpoint of the chain will do",
    "claims.rejected": "the score is valid, and fixed sentences state each fact; a larger --model writes more of the sentences "
    "itself",
    "code.incomplete": "to generate, give `language` and `prompt`; to adjust, give `feedback` and either `code` or a `session`",
    "code.too_long": "the prompt and each feedback may have {task_bytes}, the code and each test {snippet_bytes}, the input of "
    "a test {test_input_bytes}",
    "disk.full": "make room on the disk, or send files and standard output elsewhere",
    "engine.failed": "run `python -m app doctor`; a smaller prompt or model needs less memory",
    "engine.missing": "run `make` to build llama.cpp with the project's flags",
    "engine.too_slow": "run it again with fewer items in a slice, or in a larger category with --seconds; if it was a single "
    "item, the machine is overloaded",
    "engine.not_embedded": "`simulate --engine` is for trials outside of a task, with no IEXEC_* set; only the model inside "
    "the image answers a task",
    "engine.unreachable": "check that the server runs, that the URL ends in /v1 and that SEALED_LLM_ENGINE_KEY is its key",
    "engine.wrong_build": "rebuild with `make`: another build gives other answers",
    "env.iexec_in": "the worker sets IEXEC_IN to the folder with the inputs: check that it is mounted",
    "env.invalid": "IEXEC_TASK_ID must be 0x and 64 hex digits, counters decimal numbers, and file names without a slash",
    "env.iexec_out": "the worker sets IEXEC_OUT to a writable folder; in a checkout `sealed-llm simulate` sets it for you",
    "file.missing": "the worker could not fetch or decrypt this input: check its address, its order and its url",
    "file.too_large": "docs/reference/limits.md lists the limit of each kind of input",
    "file.unreadable": "the input is there but cannot be read as a regular file",
    "file.wrong_kind": "`--file` takes a request as JSON, `--protected-data` a zip made by dataProtector, `verify` a result",
    "history.bad_answer": "check the address of the explorer or node: its answer is not in the format of its API",
    "history.contradictory": "blocks, times and hashes must agree: the history may mix several chains, or may have been edited",
    "history.host_not_allowed": "use https and a host of the allowed list; http works only for this machine itself",
    "history.invalid": "give the documents as the source sent them; known sources: {history_sources}",
    "history.mixed_chains": "a history must come from one chain: the one that the request names",
    "history.other_wallet": "export the history of the wallet that is to be scored",
    "history.refused_by_source": "the explorer or node reported an error: check its key and its rate limit, and fetch again",
    "history.too_large": "docs/reference/limits.md lists the limits; fetch the history up to an earlier block",
    "history.unreachable": "check the address of the explorer or node, and its rate limit; an exported file needs no network",
    "input.empty": "protect an object with a non-empty `prompt`, or pass the prompt as args",
    "input.missing": "protect an object with a `prompt`, or say what to do in a secret or in the args (a worker passes on no "
    "args at all if a quote in them has no partner)",
    "input.unreadable": "a dataset is a zip made by dataProtector, a JSON object or UTF-8 text; other inputs are JSON or text",
    "internal": "this is a bug in sealed-llm: please report the code and the version",
    "json.invalid": "give one JSON value in UTF-8, without duplicate keys or NaN, at most 64 levels deep",
    "json.too_large": "leave out the parts that the question is not about, or split the input",
    "key.invalid": "IEXEC_APP_DEVELOPER_SECRET must be a secp256k1 private key: 64 hex digits, with or without 0x",
    "key.torn": "restore it if it signed any results; else delete it: the next simulation then makes a new key with another "
    "address",
    "labels.invalid": "give addresses of 0x and 40 hex digits as UTF-8 lines, as CSV with a column `address` or as a JSON list",
    "language.unknown": "known: {languages}, with or without a version, and {language_aliases}",
    "messages.invalid": "each message is {role, content}; a system message may only be the first, and the last must be the "
    "user's",
    "model.altered": "the model file is not the published one: `python -m app model fetch` downloads it again",
    "model.fetch_failed": "the message names each source and why it failed; run `model fetch` again to resume",
    "model.missing": "run `python -m app model fetch`",
    "model.not_embedded": "make the folder of the code writable, with free space: a run looks for models beside the code",
    "model.unknown": "`python -m app model list` shows the names",
    "option.invalid": "docs/reference/request.md#options lists the range of each option",
    "option.unknown": "known options: {options}",
    "owner.forbids": "leave the field out, or ask the owner of the protected data to set it there or to allow it, as in "
    '"allow": ["max_tokens"]',
    "output.unwritable": "IEXEC_OUT must be a writable folder with free space",
    "prompt.too_long": "shorten the prompt or lower max_tokens; a text is never cut silently",
    "protected_data.entry": "strings must be Borsh (u32 length + UTF-8) or plain UTF-8; numbers must be f64, i128 or decimal "
    "text",
    "protected_data.invalid": "use protectData() of @iexec/dataprotector, or `zip` with one file for each field",
    "questionnaire.invalid": "each row is [title, type, options] or an object with these fields; types: {question_types}, or "
    "the name that a form service has for one",
    "request.contradiction": "give one of the two, or name the `task`; put text that the prompt is about into `material`",
    "request.unknown_field": "known fields: {fields}",
    "request.unsupported": "tests run for Python only: leave them out to get the code untested",
    "result.hash_mismatch": "the report and the signed message do not belong together",
    "result.no_answer": "only a result with one answer can be replayed: not an error, an incomplete result or a bulk result",
    "result.not_canonical": "the file is not in RFC 8785 form, as the app wrote it: it was edited or reformatted",
    "result.not_reproduced": "give the very same request, with the same options and the same system prompt",
    "result.not_on_chain": "`iexec task show` tells the status of the task",
    "result.other_app": "pass --app with the address of the app you expect",
    "result.other_digest": "the file is not the one that the task delivered",
    "result.other_task": "give the result.json of this very task",
    "result.other_engine": "check out the version of sealed-llm that made the result, and run `make`",
    "result.schema": "the file is not a sealed-llm result of this version: see schema/",
    "result.signature": "the signature does not match: the result was altered, or another program made it",
    "result.unreadable": "name the result.json of a finished task",
    "result.wrong_model": "--model takes a name from `model list` or a sha-256",
    "result.wrong_request": "the file must hold the salt and every field of the request, from whichever source each came",
    "result.wrong_signer": "pass --signer with the address that you trust; an ephemeral signer cannot be trusted",
    "salt.not_secret": "put `salt` into a requester secret, or into the protected data if the whole request is there",
    "sandbox.altered": "`python -m app sandbox build` builds the guest again; after a change of its parts, add `--pin`",
    "sandbox.failed": "`python -m app doctor` names the missing part; snippets stay untested until then",
    "sandbox.missing": "run `python -m app sandbox build`",
    "secret.too_large": "iExec accepts at most {secret_bytes} for a secret",
    "source.not_secret": "put `source` into a requester secret: it holds a key, and decides which host the enclave asks",
    "usage": "`--help` after the command shows its options and examples",
    "text.invalid": "give plain Unicode text: no control characters other than tab and line ends, no bidi overrides",
    "history.missing": "protect an object with `wallet` and `history`, attach the history as an input file, or name a source",
    "wallet.contract": "only accounts that a person controls are scored, and delegated ones (EIP-7702) are among them",
    "wallet.missing": "protect an object with a `wallet`",
    "wallet.invalid": "give 0x and 40 hex digits, in one case or with the right EIP-55 checksum, not an ENS name",
    "session.exists": "`--feedback` continues it; `--name` begins another; `--delete` removes one",
    "session.unnamed": "choose one with `--name`; `--list` shows them all",
    "session.unknown": "`simulate code --session FILE --list` shows the names; --prompt and --language begin a session",
    "session.unreadable": "name a file that `simulate code` wrote, in a folder that can be written",
    "simulate.failed": "read the refusal above; `python -m app doctor` may name the cause",
    "incomplete": "the task may have run out of time or memory: run it again, or in a larger category",
}

# the same codes where a mistake at the command line needs another hint
DESK_HINTS: dict[str, str] = {
    "code.incomplete": "say what to write and give `--language`; or give `--file` and say what to change",
    "file.missing": "file names are relative to the current folder",
    "file.unreadable": "name a regular file that you may read; write `-` to read from a pipe",
    "history.missing": "name the files that an explorer or a node sent, or pipe one of them in",
    "input.empty": "give a question in quotes, or pipe text in",
    "input.unreadable": "save it as UTF-8 text",
    "output.unwritable": "name another folder with `--out`",
    "secret.too_large": "iExec accepts at most {secret_bytes} for a secret: put long text into the file that the question is "
    "about",
}


_LISTS: dict[str, tuple[str, ...]] = {}


def offer(name: str, words: Iterable[str]) -> None:
    """Register the words that hints show as `{name}`; the room that owns the list calls this when it is imported.

    Only that room, or one above it, raises an error with such a hint, so the words are always registered by then.
    """
    _LISTS[name] = tuple(words)


def filled(hint: str) -> str:
    """Return `hint` with each `{name}` replaced by the list or the limit of that name."""
    return re.sub(r"\{(\w+)\}", lambda found: _value(found[1]), hint)


def _value(name: str) -> str:
    if name in _LISTS:
        return " ".join(_LISTS[name])
    size: int = getattr(LIMITS, name)
    return f"{size // 1024} KiB" if name.endswith("_bytes") else str(size)
