"""transformers on torch, which turns the GGUF into weights of its own type.

python with_transformers.py MODEL TOKENS THREADS SYSTEM PROMPT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

model, tokens, threads, system, prompt = sys.argv[1:]
torch.set_num_threads(int(threads))
file = Path(model)
tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
network = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)
messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
with torch.inference_mode():
    out = network.generate(**asked, max_new_tokens=int(tokens), min_new_tokens=int(tokens), do_sample=False)
new = out[0, asked["input_ids"].shape[1] :]
print(json.dumps({"tokens": len(new), "text": tokenizer.decode(new)}))
