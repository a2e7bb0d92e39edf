// Protect a request or a text and let one app show it one user; print the protectedData's address.
import { onStatusUpdate, address, connect, refuse, run, tell } from './desk.mjs';
import { readText, requestOf } from './request.mjs';

const USAGE = `
node protect.mjs request.json 0xAPP 0xUSER          one task may read it; - takes the request from standard input
node protect.mjs request.json 0xAPP 0xUSER bulk     any number of tasks, in bulk too, free of charge
node protect.mjs notes.txt 0xAPP 0xUSER [bulk]      a text, a table: whoever may use it asks about it

A request is a JSON object as in docs/reference/request.md; lists become JSON text, which the app reads as lists.
Wallet: KEYSTORE=file, whose password is asked for, or PRIVATE_KEY in the environment. Settings: RPC, OPTIONS.`;

await run(USAGE, async ([file, app, user, bulk]) => {
  const to = { authorizedApp: address(app, '0xAPP'), authorizedUser: address(user, '0xUSER') };
  if (![undefined, 'bulk'].includes(bulk)) refuse(`${bulk} means nothing here`, 'the only word behind 0xUSER is bulk');
  const text = readText(file);
  const data = file === '-' || file.endsWith('.json') ? requestOf(text, file) : { material: text };
  const { core } = await connect();
  const { address: protectedData } = await core.protectData({ name: 'sealed-llm request', data, onStatusUpdate });
  const access = bulk ? { allowBulk: true } : { numberOfAccess: 1 };
  await core.grantAccess({ protectedData, ...to, ...access, onStatusUpdate });
  console.log(protectedData);
  tell(`${user} may now use it:`);
  tell(`  node ${bulk ? 'bulk' : 'ask'}.mjs ${app} ${protectedData}${data.material && !data.prompt && !data.question ? ' "a question about it"' : ''}`);
});
