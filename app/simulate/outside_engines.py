"""Engines for development, outside of the image: an OpenAI-compatible server, or Hugging Face transformers.

They answer the same messages as the embedded model, so that prompts and other models can be tried with `simulate`. A result
says that an outside engine answered (`report.model.embedded` false, modelHash zero), and no task can open one.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from app.base.errors import InputError, ModelError
from app.desk import web
from app.llm.answerer import Outside
from app.llm.chat import Message
from app.llm.engine import Generation
from app.llm.sampling import Sampling

KEY = "SEALED_LLM_ENGINE_KEY"  # environment variable; it is sent to the server, and neither stored nor printed
_TIMEOUT = 600  # seconds without a byte
_DEADLINE = 3_600  # seconds for a whole answer
_ANSWER_BYTES = 4 * 2**20


def connect(spec: str, environ: Mapping[str, str]) -> Outside:
    """Return the engine that `spec` names: `openai:URL#MODEL` or `transformers:FOLDER[#GGUF]`.

    URL is the base of the API, as in http://127.0.0.1:8000/v1, without user or password: the key comes from the environment.
    FOLDER holds a model as `save_pretrained` writes it, or a GGUF file of the given name.

    Raises `ModelError` engine.not_embedded in a worker's environment, engine.missing without transformers, and `InputError`
    option.invalid for any other spec.
    """
    if any(name.startswith("IEXEC_") for name in environ):
        raise ModelError("engine.not_embedded", "an engine outside of the image cannot answer a task")
    kind, _, rest = spec.partition(":")
    where, _, name = rest.partition("#")
    if kind == "openai" and name and (host := _host(where)):
        return OpenAI(where, host, name, environ.get(KEY))
    if kind == "transformers" and where:
        return Transformers(where, name or None)
    raise InputError("option.invalid", "--engine is openai:URL#MODEL or transformers:FOLDER[#GGUF]")


def _host(url: str) -> str | None:
    """Return the host in the URL of a server, None if the URL is invalid or holds a user."""
    try:
        parts = urllib.parse.urlsplit(url)
        odd = parts.scheme not in {"http", "https"} or "@" in parts.netloc or parts.query or parts.port == 0
    except ValueError:
        return None
    return None if odd else parts.hostname


class OpenAI(Outside):
    """A server with OpenAI's chat completions API: OpenAI, Ollama, vLLM, llama.cpp's."""

    kind = "openai-compatible"

    def __init__(self, base: str, host: str, model: str, key: str | None) -> None:
        """Take the address; this asks nothing yet."""
        self.name, self.host = model, host
        self._url, self._key = base.rstrip("/") + "/chat/completions", key

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the answer. Raises `ModelError` engine.unreachable or engine.failed."""
        del opening, stop  # not part of this interface
        body = {
            "model": self.name,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": sampling.temperature_milli / 1000,
            "top_p": sampling.top_p_milli / 1000,
            "seed": sampling.seed,
        }
        try:
            choice, usage = self._ask(body)
            text, reason = choice["message"]["content"] or "", choice["finish_reason"]
            prompt_tokens, completion_tokens = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        except (KeyError, IndexError, TypeError, ValueError) as err:
            raise ModelError("engine.failed", "the server's answer is not a chat completion") from err
        return Generation(str(text), "length" if reason == "length" else "stop", prompt_tokens, completion_tokens)

    def _ask(self, body: Mapping[str, Any]) -> tuple[Any, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        data = json.dumps(body).encode()
        try:  # no redirects, because the key is for this server alone
            raw = web.answer(self._url, data, headers, idle=_TIMEOUT, seconds=_DEADLINE, most=_ANSWER_BYTES, redirects=False)
        except web.StatusError as err:
            raise ModelError("engine.unreachable", f"the server answered with status {err.status}") from err
        except web.EndlessError as err:
            raise ModelError("engine.failed", "the server's answer never ends") from err
        except web.Trouble as err:
            raise ModelError("engine.unreachable", "the server cannot be reached") from err
        said = json.loads(raw)
        return said["choices"][0], said["usage"]


class Transformers(Outside):
    """A model in Hugging Face's library, which is not among our dependencies. It is read from the disk, never from the hub."""

    kind = "transformers"

    def __init__(self, folder: str, gguf: str | None) -> None:
        """Load the model.

        Raises `ModelError` engine.missing without the library, and engine.failed if the library cannot load the model.
        """
        try:
            from transformers import AutoModelForCausalLM, AutoTokenizer, __version__
        except ImportError as err:
            raise ModelError("engine.missing", "transformers and torch are not installed") from err
        self.name, self.version = gguf or folder.rstrip("/").rpartition("/")[2], str(__version__)
        where: dict[str, Any] = {"local_files_only": True, **({"gguf_file": gguf} if gguf else {})}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, **where)
            self._model = AutoModelForCausalLM.from_pretrained(folder, **where)
        except (ImportError, OSError, ValueError) as err:  # a GGUF file needs the packages gguf and accelerate
            raise ModelError("engine.failed", "transformers could not load the model") from err

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the answer. Raises `ModelError` engine.failed."""
        import torch

        del opening, stop  # the beginning and end of its answers cannot be set

        turns = [{"role": message.role, "content": message.content} for message in messages]
        how: dict[str, Any] = {"do_sample": False, "repetition_penalty": 1.0}
        if sampling.temperature_milli:
            torch.manual_seed(sampling.seed)
            warm = {"temperature": sampling.temperature_milli / 1000, "top_p": sampling.top_p_milli / 1000, "top_k": 0}
            how |= {"do_sample": True, **warm}
        try:
            prompt = self._tokenizer.apply_chat_template(
                turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            out = self._model.generate(**prompt, max_new_tokens=max_tokens, **how)[0]
        except (RuntimeError, ValueError) as err:
            raise ModelError("engine.failed", "transformers could not answer") from err
        known = int(prompt["input_ids"].shape[1])
        new = out[known:].tolist()
        ended = bool(new) and new[-1] in _ends(self._model.generation_config.eos_token_id)
        text = self._tokenizer.decode(new, skip_special_tokens=True)
        return Generation(text, "stop" if ended else "length", known, len(new) - ended)


def _ends(eos: int | Sequence[int] | None) -> set[int]:
    if eos is None:
        return set()
    return {eos} if isinstance(eos, int) else set(eos)
