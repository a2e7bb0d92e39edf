// node ask.mjs MODEL TOKENS THREADS SYSTEM PROMPT
import { getLlama, LlamaChatSession } from "node-llama-cpp";

const [modelPath, tokens, threads, systemPrompt, prompt] = process.argv.slice(2);
const llama = await getLlama({ build: "never", gpu: false, maxThreads: Number(threads), logLevel: "error" });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({ contextSize: 512, threads: Number(threads) });
const session = new LlamaChatSession({ contextSequence: context.getSequence(), systemPrompt });
let count = 0;
const text = await session.prompt(prompt, { maxTokens: Number(tokens), temperature: 0, onToken: (some) => (count += some.length) });
console.log(JSON.stringify({ tokens: count, text }));
process.exit(0);
