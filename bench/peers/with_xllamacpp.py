"""xllamacpp, the way its README begins: llama.cpp's server inside of the process.

python with_xllamacpp.py MODEL TOKENS THREADS SYSTEM PROMPT
"""

from __future__ import annotations

import json
import os
import sys

import xllamacpp

model, tokens, threads, system, prompt = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = model
params.n_ctx = 512
params.n_parallel = 1
params.warmup = False
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
said = xllamacpp.Server(params).handle_chat_completions(
    {
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": prompt}],
        "max_tokens": int(tokens),
        "temperature": 0,
    }
)
print(json.dumps({"tokens": said["usage"]["completion_tokens"], "text": said["choices"][0]["message"]["content"]}), flush=True)
os._exit(0)
