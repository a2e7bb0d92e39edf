"""The SHA-256 of every logit of a fixed prompt and its greedy continuation, under one setting. A child of bench.bits.

    python -m bench.logits MODEL '{"threads": 2}'

Prints one JSON object: digest, text, and whether app.llm.library would have loaded these libraries.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from app.base.bindings import import_bindings
from app.base.errors import ModelError
from app.llm import library
from app.llm.models import WEIGHTS, find

PROMPT = "Once upon a time there was a lighthouse keeper who counted ships, storms and stars. " * 18
TOKENS = 299  # of it: an odd number, of which no batch and no micro-batch that is tried leaves fewer than eight
STEPS = 24
BATCH = 128  # tokens, as in app.llm.engine


@dataclass(frozen=True, slots=True)
class Setting:
    """What could change a bit; the defaults are the app's."""

    threads: int = 1
    batch: int = BATCH
    ubatch: int = BATCH
    context: int = 512
    mmap: bool = True
    flash: bool = False
    kv: str = "F16"
    tail_of_one: bool = False
    """The prompt's last token in a batch of its own."""


def digest(model: str, setting: Setting) -> dict[str, Any]:
    """Return `digest`, hex, and `text` of the prompt's last token and STEPS more."""
    c = _bindings()
    params = c.llama_model_default_params()
    params.n_gpu_layers = 0
    params.load_mode = c.LLAMA_LOAD_MODE_MMAP if setting.mmap else c.LLAMA_LOAD_MODE_NONE
    loaded = c.llama_model_load_from_file(bytes(WEIGHTS / find(model).file), params)
    vocab = c.llama_model_get_vocab(loaded)
    context = c.llama_init_from_model(loaded, _context_params(c, setting))
    tokens = (c.llama_token * len(PROMPT))()
    count = c.llama_tokenize(vocab, PROMPT.encode(), len(PROMPT), tokens, len(PROMPT), True, False)
    count = min(count, TOKENS)
    body = count - 1 if setting.tail_of_one else count
    cuts = [*range(0, body, setting.batch), body, *([count] if setting.tail_of_one else [])]
    for start, end in itertools.pairwise(cuts):
        _decode(c, context, tokens[start:end])
    size, hashed, text = c.llama_vocab_n_tokens(vocab), hashlib.sha256(), b""
    for _ in range(STEPS + 1):
        logits = c.llama_get_logits_ith(context, -1)
        hashed.update(ctypes.string_at(logits, 4 * size))
        values = logits[:size]
        token = values.index(max(values))
        piece = ctypes.create_string_buffer(256)
        length = c.llama_token_to_piece(vocab, token, piece, 256, 0, True)
        text += piece.raw[:length]
        _decode(c, context, [token])
    return {"digest": hashed.hexdigest(), "text": text.decode(errors="replace")}


def _context_params(c: Any, setting: Setting) -> Any:
    params = c.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = setting.context, setting.batch, setting.ubatch
    params.n_threads = params.n_threads_batch = setting.threads
    params.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_ENABLED if setting.flash else c.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.type_k = params.type_v = getattr(c, f"GGML_TYPE_{setting.kv}")
    return params


def _decode(c: Any, context: Any, tokens: list[int]) -> None:
    array = (c.llama_token * len(tokens))(*tokens)
    if c.llama_decode(context, c.llama_batch_get_one(array, len(tokens))):
        raise SystemExit("llama.cpp could not decode")


def _bindings() -> Any:
    """Return the C bindings, silent, whatever build they are of."""
    bindings = import_bindings("llama_cpp", "llama_cpp")  # the public door refuses the builds that this measures
    bindings.sealed_llm_log = ctypes.cast(ctypes.CDLL(None).abs, bindings.llama_log_callback)
    bindings.llama_log_set(bindings.sealed_llm_log, None)
    bindings.llama_backend_init()
    return bindings


def _refused() -> bool:
    try:
        library.load_library()
    except ModelError as err:
        return err.code == "engine.wrong_build"
    return False


if __name__ == "__main__":
    chosen = Setting(**json.loads(sys.argv[2]))
    print(json.dumps({**digest(sys.argv[1], chosen), "refused": _refused(), "setting": asdict(chosen)}))
