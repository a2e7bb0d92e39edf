"""Tell a mistyped field name of ours from a field of another program."""

from __future__ import annotations

from collections.abc import Iterable

# Names that other programs use, with our name for the same thing, or with "" for things that cannot be set here.
_ELSEWHERE = {
    **dict.fromkeys(("system_prompt", "systemprompt", "instructions", "instruction", "preprompt"), "system"),
    **dict.fromkeys(("max_new_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "n_predict"), "max_tokens"),
    **dict.fromkeys(("user_prompt", "userprompt", "prompt_text", "query", "user_message"), "prompt"),
    **dict.fromkeys(("context", "document", "documents", "attachment", "attachments"), "material"),
    **dict.fromkeys(("wallet_address", "walletaddress"), "wallet"),
    **dict.fromkeys(("programming_language", "lang"), "language"),
    **dict.fromkeys(("unit_tests", "test_cases", "testcases"), "tests"),
    **dict.fromkeys(("max_attempts", "retries"), "attempts"),
    **dict.fromkeys(("allowed", "allow_fields", "allowed_fields", "allowlist", "allow_list", "permissions"), "allow"),
    **dict.fromkeys(("top_p", "top_k", "min_p", "stop", "stream", "n", "model", "repeat_penalty", "frequency_penalty"), ""),
    **dict.fromkeys(("presence_penalty", "response_format", "tools", "functions", "logprobs"), ""),
}
_LONGEST = 40  # letters: none of ours comes near
_SLIP = 2  # characters more than ours has that a message may hold
_ALIKE = 0.85  # difflib's ratio from which two names are one name and a slip


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the name in `known` that `name` was likely meant as, "" for an option that cannot be set here, else None."""
    import difflib

    said = _plain(name)
    ours = {_plain(one): one for one in known}
    if said in ours:
        return ours[said]
    meant = _ELSEWHERE.get(name.lower().replace("-", "_"))
    if meant is not None and (not meant or meant in ours.values()):
        return meant
    found = difflib.get_close_matches(said, ours, 1, _ALIKE) if 3 < len(said) <= _LONGEST else []
    return ours[found[0]] if found else None


def suggestion(name: str, meant: str) -> str:
    """Return the complaint about `name`, for which `near` returned `meant`.

    The message repeats `name` only if it is plain ASCII and adds no more than a few characters to `meant`.
    """
    is_own = name.lower().replace("-", "_") not in _ELSEWHERE and len(name) > len(meant) + _SLIP
    if is_own or not (name.isascii() and name.isprintable()):
        return f"the name of a field is nearly {meant}"
    return f"{name} is not a field: {f'{meant} is' if meant else 'that cannot be set here'}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
