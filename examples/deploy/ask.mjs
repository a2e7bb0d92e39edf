// Protect what is asked, let the app read it, ask, and keep the signed answer: protectData, grantAccess, processProtectedData.
import { existsSync } from 'node:fs';
import { onStatusUpdate, address, checkedArgs, connect, keep, refuse, run } from './desk.mjs';
import { readText, requestOf } from './request.mjs';

const USAGE = `
node ask.mjs 0xAPP "What is the capital of France?"     [args]
node ask.mjs 0xAPP request.json                         [args]   or - (standard input): a JSON object, docs/reference/request.md
node ask.mjs 0xAPP orders.csv "How many orders failed?" [args]   a text, and a question about it
node ask.mjs 0xAPP 0xPROTECTED_DATA ["a question"]      [args]   what protect.mjs protected, by whoever owns it

args are public, "--max-tokens 64" by default. All else is encrypted: only the app's enclave reads it, and only this process
the answer. A question about a text or about protected data goes as a requester secret. It orders in category 0, five minutes.
Wallet: KEYSTORE=file, whose password is asked for, or PRIVATE_KEY in the environment. Settings: WORKERPOOL, MAX_NRLC (the most
that app and workerpool are each paid, 0), RPC, OPTIONS (a JSON object for dataProtector's constructor).`;

await run(USAGE, async ([app, what, ...rest]) => {
  address(app, '0xAPP');
  const args = rest.at(-1)?.startsWith('--') ? rest.pop() : undefined;
  const question = rest.shift();
  if (rest.length) refuse(`too many words: ${rest[0]}`, 'put the question into quotes, and the args, which begin with --');
  checkedArgs(args);
  if (Buffer.byteLength(question ?? '') > 4096) refuse('the question is longer than 4096 bytes', 'put it into a request.json');
  const asked = wanted(what, question);

  const { core, user, order, rpc } = await connect();
  let { protectedData } = asked;
  if (!protectedData) {
    ({ address: protectedData } = await core.protectData({ name: 'a prompt', data: asked.data, onStatusUpdate }));
    const access = { authorizedApp: app, authorizedUser: user, numberOfAccess: 1 };
    await core.grantAccess({ protectedData, ...access, onStatusUpdate });
  }
  const { taskId, result } = await core.processProtectedData({
    protectedData,
    app,
    args: args ?? asked.args,
    secrets: question && { 1: JSON.stringify({ prompt: question }) },
    path: 'result.json',
    onStatusUpdate,
    ...order,
  });
  return keep(result, { taskId, app, rpc, protectedData });
});

/** Return the data to protect, or the protected data, and the args that fit. */
function wanted(what, question) {
  const args = '--max-tokens 64';
  if (!what?.trim()) refuse('there is no question', 'node ask.mjs --help');
  if (/^0x[0-9a-fA-F]{40}$/.test(what)) return { protectedData: what, args: question && args };
  const isFile = what === '-' || existsSync(what);
  if (!isFile && /^\S+\.\w{1,5}$/.test(what)) refuse(`${what} is not there`, 'name a file, or put the words into quotes');
  if (question) return isFile ? { data: { material: readText(what) }, args } : refuse('both are words', 'a question is one text in quotes');
  if (!isFile) return { data: { prompt: what }, args };
  if (what === '-' || what.endsWith('.json')) return { data: requestOf(readText(what), what) };
  return refuse(`${what} is a text`, 'add a question about it, in quotes');
}
