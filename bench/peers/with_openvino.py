"""openvino-genai, which reads a GGUF by itself and makes its own graph of it.

python with_openvino.py MODEL TOKENS THREADS SYSTEM PROMPT
"""

from __future__ import annotations

import json
import sys

import openvino_genai

model, tokens, threads, system, prompt = sys.argv[1:]
pipe = openvino_genai.LLMPipeline(model, "CPU", INFERENCE_NUM_THREADS=int(threads))
config = openvino_genai.GenerationConfig()
config.max_new_tokens = int(tokens)
config.ignore_eos = True
config.do_sample = False
history = openvino_genai.ChatHistory([{"role": "system", "content": system}, {"role": "user", "content": prompt}])
said = pipe.generate(history, config)
print(json.dumps({"tokens": said.perf_metrics.get_num_generated_tokens(), "text": said.texts[0]}))
