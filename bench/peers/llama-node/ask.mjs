// node ask.mjs MODEL TOKENS THREADS SYSTEM PROMPT
import { loadModel } from "@fugood/llama.node";

const [model, tokens, threads, system, prompt] = process.argv.slice(2);
const context = await loadModel({ model, n_ctx: 512, n_threads: Number(threads), n_gpu_layers: 0, use_mlock: false });
const said = await context.completion({
  messages: [{ role: "system", content: system }, { role: "user", content: prompt }],
  n_predict: Number(tokens),
  temperature: 0,
});
console.log(JSON.stringify({ tokens: said.tokens_predicted, text: said.text }));
process.exit(0);
