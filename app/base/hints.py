"""Every error code, and what the reader can do about it. A list in a hint comes from the room that owns it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.base.limits import LIMITS

# code -> hint: what the reader can do about it; {name} stands for a list or a limit (`fill`). A code is a promise: it may
# be added, never renamed.
HINTS: dict[str, str] = {
    "address.invalid": "0x and 40 hex digits, in one case or with the right EIP-55 checksum",
    "address.is_a_key": "an address has 40 hex digits; the key is in your shell's history now: if it is in use, replace it",
    "answer.too_large": "what a result says of one item, its session included, may have {item_bytes} bytes: begin a new "
    "session, or ask for less",
    "answers.invalid": "one answer for each question, in order, by title or by key, of the type that the row asks for; "
    "empty where the row is optional",
    "args.json": "write options and words (--max-tokens 64 What is this?), or put the JSON into a requester secret",
    "args.not_text": "iexec_args is one string of UTF-8 text",
    "args.no_value": "write --name value or --name=value",
    "args.quotes": 'quote each text once, options outside of it ("What is this?" --max-tokens 64); an apostrophe needs double '
    "quotes around its text: with an odd quote a worker drops all of the args",
    "args.unknown_option": "known: {args}; after -- everything is a word of the prompt",
    "bulk.partial": "see results[]: an item without success has an error, or an answer whose status says why",
    "cache.unwritable": "name a folder of your own, with free space, in SEALED_LLM_CACHE",
    "chain.bad_answer": "check the endpoint, the hub and the task id",
    "chain.unknown": "name the hub of this chain with --hub",
    "chain.unreachable": "check --rpc; any Ethereum JSON-RPC endpoint of the chain will do",
    "claims.rejected": "the score holds, and each fact in fixed words; a larger --model words more of them itself",
    "code.incomplete": "generate: `language` and `prompt`; adjust: `code` or a `session`, and `feedback` besides",
    "code.too_long": "prompt and each feedback at most {task_bytes}, code and each test {snippet_bytes}, a test's input "
    "{test_input_bytes}",
    "disk.full": "make room on the disk, or let files and standard output go elsewhere",
    "engine.failed": "run `python -m app doctor`; a smaller prompt or model needs less memory",
    "engine.missing": "run `make` to build llama.cpp with the project's flags",
    "engine.too_slow": "run it again, with fewer items in a slice, or in a larger category and with --seconds; a lone task: "
    "the machine is overloaded",
    "engine.not_embedded": "`simulate --engine` is for trying things out, with no IEXEC_* set; a task is answered by the model "
    "inside the image",
    "engine.unreachable": "is the server running, is the URL right (it ends in /v1), is SEALED_LLM_ENGINE_KEY its key?",
    "engine.wrong_build": "rebuild with `make`: another build gives other answers",
    "env.iexec_in": "the worker sets IEXEC_IN to the folder with the inputs; is it mounted?",
    "env.invalid": "IEXEC_TASK_ID is 0x and 64 hex digits; counters are decimal numbers; file names have no slash",
    "env.iexec_out": "the worker sets IEXEC_OUT to a writable folder; in a checkout `sealed-llm simulate` does it for you",
    "file.missing": "the worker could not fetch or decrypt this input: check its address, its order and its url",
    "file.too_large": "docs/reference/limits.md has the limit of each kind of input",
    "file.unreadable": "the input is there but cannot be read as a regular file",
    "file.wrong_kind": "`--file` takes a request as JSON, `--protected-data` a zip by dataProtector, `verify` a result",
    "history.bad_answer": "check the address of the explorer or node: what came back is not what its API answers",
    "history.contradictory": "blocks, times and hashes must agree: are several chains in one history, or was it edited",
    "history.host_not_allowed": "https to a host of the allowed list; http only to this very machine",
    "history.invalid": "give the documents as the source sent them. Read: {history_sources}",
    "history.mixed_chains": "one history tells of one chain: the one that the request names",
    "history.other_wallet": "export the history of the very wallet that is to be scored",
    "history.refused_by_source": "the explorer or node gave an error: check its key and its rate limit, and fetch anew",
    "history.too_large": "docs/reference/limits.md has the limits; fetch up to an earlier block",
    "history.unreachable": "check the address of the explorer or node, and its rate limit; an exported file needs no network",
    "input.empty": "protect an object with a non-empty `prompt`, or pass the prompt as args",
    "input.missing": "protect an object with a `prompt`, or say what to do in a secret or the args (of args with an odd quote "
    "a worker passes on nothing)",
    "input.unreadable": "a dataset is a zip by dataProtector, a JSON object or UTF-8 text; other inputs one of the latter",
    "internal": "this is a bug in sealed-llm: please report the code and the version",
    "json.invalid": "one JSON value in UTF-8: no duplicate keys, no NaN, at most 64 levels deep",
    "json.too_large": "leave out what is not asked about, or hand it over in parts",
    "key.invalid": "IEXEC_APP_DEVELOPER_SECRET is a secp256k1 private key: 64 hex digits, with or without 0x",
    "key.torn": "restore it if results were signed with it; else delete it, and the next simulation makes another, which signs "
    "under another address",
    "labels.invalid": "UTF-8 lines, CSV with a column `address` or a JSON list, of addresses as 0x and 40 hex digits",
    "language.unknown": "known: {languages}, with or without a version, and {language_aliases}",
    "messages.invalid": "messages are {role, content}; system first if at all, the user's last",
    "model.altered": "the model file is not the published one: `python -m app model fetch` gets it again",
    "model.fetch_failed": "each source is named above with its reason; a second `model fetch` resumes",
    "model.missing": "run `python -m app model fetch`",
    "model.not_embedded": "the folder of the code must be writable and have free space; a run looks for models beside it",
    "model.unknown": "`python -m app model list` shows the names",
    "option.invalid": "docs/reference/request.md#options has the range of each option",
    "option.unknown": "known options: {options}",
    "owner.forbids": "leave the field out: only the owner of the protected data can let it in, by a field of the data itself "
    'or by its name in `allow` there, as in "allow": ["max_tokens"]',
    "output.unwritable": "IEXEC_OUT must be a writable folder with free space",
    "prompt.too_long": "shorten the prompt or lower max_tokens; nothing is ever cut silently",
    "protected_data.entry": "strings are Borsh (u32 length + UTF-8) or plain UTF-8, numbers f64, i128 or decimal text",
    "protected_data.invalid": "use protectData() of @iexec/dataprotector, or `zip` with one file for each field",
    "questionnaire.invalid": "rows are [title, type, options] or objects with these; types: {question_types}, and what form "
    "services call them",
    "request.contradiction": "give one of the two, or name the `task`; text that is to be asked about goes into `material`",
    "request.unknown_field": "known fields: {fields}",
    "request.unsupported": "tests run for Python alone: leave them out, and the code comes back untested",
    "result.hash_mismatch": "the report and the signed message do not belong together",
    "result.no_answer": "errors and incomplete results cannot be replayed, and of a bulk result only its items' answers could",
    "result.not_canonical": "the file is not the exact RFC 8785 form that was written: it was edited or reformatted",
    "result.not_reproduced": "is it the very request, with the options and the system prompt that were used?",
    "result.not_on_chain": "`iexec task show` says how far it is",
    "result.other_app": "pass --app with the address of the app you expect",
    "result.other_digest": "the file is not what the task delivered",
    "result.other_task": "is it the result.json of this very task?",
    "result.other_engine": "check out the version of sealed-llm that made the result, and run `make`",
    "result.schema": "the file is not a sealed-llm result of this version: see schema/",
    "result.signature": "the signature does not fit: the result was altered or made by another program",
    "result.unreadable": "name the result.json of a finished task",
    "result.wrong_model": "--model takes a name from `model list` or a sha-256",
    "result.wrong_request": "the file must hold the salt and every field of the request, whatever source it came from",
    "result.wrong_signer": "pass --signer with the address you trust; an ephemeral signer can never be one",
    "salt.not_secret": "put `salt` into a requester secret, or into the protected data if all else is there too",
    "sandbox.altered": "`python -m app sandbox build` makes the guest anew; after a change of its parts, `--pin` it",
    "sandbox.failed": "`python -m app doctor` names what is missing; snippets stay untested meanwhile",
    "sandbox.missing": "run `python -m app sandbox build`",
    "secret.too_large": "iExec accepts at most {secret_bytes} for a secret",
    "source.not_secret": "put `source` into a requester secret: it holds a key, and decides whom the enclave talks to",
    "usage": "`--help` behind the command shows its options and examples",
    "text.invalid": "plain Unicode text: no control characters but tab and line ends, no bidi overrides",
    "history.missing": "protect an object with `wallet` and `history`, attach the history as an input file, or name a source",
    "wallet.contract": "only accounts that a person controls are scored; delegated ones (EIP-7702) count as such",
    "wallet.missing": "protect an object with a `wallet`",
    "wallet.invalid": "0x and 40 hex digits, in one case or with the right EIP-55 checksum; no ENS name",
    "session.exists": "`--feedback` goes on with it; `--name` begins another; `--delete` makes room",
    "session.unnamed": "say which with `--name`; `--list` shows them all",
    "session.unknown": "`simulate code --session FILE --list` shows the names; --prompt and --language begin a session",
    "session.unreadable": "name a file that `simulate code` wrote, in a folder that can be written",
    "simulate.failed": "see what was refused above; `python -m app doctor` may name the cause",
    "incomplete": "the task was stopped before it finished: out of time or memory? run it again or in a larger category",
}

# the same codes for what a person typed, where another hint helps
DESK_HINTS: dict[str, str] = {
    "code.incomplete": "say what to write, and `--language`; or give `--file` and what to change about it",
    "file.missing": "names are relative to the folder that you are in",
    "file.unreadable": "name a regular file that you may read; for what comes out of a pipe write `-`",
    "history.missing": "name the files that an explorer or a node sent, or pipe one in",
    "input.empty": "give a question in quotes, or pipe text in",
    "input.unreadable": "save it as UTF-8 text",
    "output.unwritable": "name another folder with `--out`",
    "secret.too_large": "iExec accepts at most {secret_bytes} for a secret: put long text into the file that is asked about",
}


_LISTS: dict[str, tuple[str, ...]] = {}


def offer(name: str, words: Iterable[str]) -> None:
    """Take the words that hints show as `{name}`, from the room that owns them, when it is imported.

    An error with such a hint is raised by that room or one above it, so that the words are always there by then.
    """
    _LISTS[name] = tuple(words)


def fill(hint: str) -> str:
    """Return `hint` with each `{name}` replaced by the list, or by the limit, of that name."""
    return re.sub(r"\{(\w+)\}", lambda found: _value(found[1]), hint)


def _value(name: str) -> str:
    if name in _LISTS:
        return " ".join(_LISTS[name])
    size: int = getattr(LIMITS, name)
    return f"{size // 1024} KiB" if name.endswith("_bytes") else str(size)
