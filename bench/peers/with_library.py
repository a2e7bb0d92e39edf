"""`score` as a first version would have it: everything imported at once, the library's defaults, a JSON schema for the answer.

python with_library.py MODEL TOKENS SENTENCES SYSTEM PROMPT, and a private key in KEY
"""

from __future__ import annotations

import json
import os
import sys

import click  # noqa: F401  a first version imports what it may need
import pydantic  # noqa: F401
import web3  # noqa: F401
from eth_account import Account
from eth_account.messages import encode_defunct
from llama_cpp import Llama

model, tokens, sentences, system, prompt = sys.argv[1:]
fact = {
    "type": "object",
    "properties": {"fact": {"type": "string"}, "sentence": {"type": "string"}},
    "required": ["fact", "sentence"],
}
schema = {"type": "array", "minItems": int(sentences), "maxItems": int(sentences), "items": fact}
said = Llama(model_path=model, n_ctx=2048, verbose=False).create_chat_completion(
    messages=[{"role": "system", "content": system}, {"role": "user", "content": prompt}],
    response_format={"type": "json_object", "schema": schema},
    temperature=0,
    max_tokens=int(tokens),
)
text = said["choices"][0]["message"]["content"]
signed = Account.sign_message(encode_defunct(text=text), os.environ["KEY"])
print(json.dumps({"tokens": said["usage"]["completion_tokens"], "text": text, "signature": signed.signature.hex()}))
