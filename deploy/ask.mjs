// Protect a prompt, let the app read it, ask, and keep the signed answer. In this folder, after `npm ci --ignore-scripts`:
//
//   PRIVATE_KEY=0x… node ask.mjs 0xAPP "What is the capital of France?"
//
// Prompt and answer are encrypted: only the app's enclave reads the first, only this process the second. It orders in
// category 0, five minutes, and pays at most MAX_NRLC nRLC (0) to app and workerpool each. OPTIONS is a JSON object for
// the constructor: another RPC endpoint or gateway than the usual ones.
import { writeFileSync } from 'node:fs';
import { IExecDataProtectorCore, getWeb3Provider } from '@iexec/dataprotector';

const [app, prompt, args = '--max-tokens 64'] = process.argv.slice(2);
const { PRIVATE_KEY, RPC = 'https://sepolia-rollup.arbitrum.io/rpc', MAX_NRLC = '0', OPTIONS = '{}' } = process.env;
const TDX_SEPOLIA = '0x2956f0cb779904795a5f30d3b3ea88b714c3123f'; // dataProtector's own default is the former SCONE pool
const { WORKERPOOL = TDX_SEPOLIA } = process.env;

const provider = getWeb3Provider(PRIVATE_KEY, RPC);
const core = new IExecDataProtectorCore(provider, JSON.parse(OPTIONS));

const { address: protectedData } = await core.protectData({ name: 'a prompt', data: { prompt } });
await core.grantAccess({ protectedData, authorizedApp: app, authorizedUser: await provider.getAddress(), numberOfAccess: 1 });
const { taskId, result } = await core.processProtectedData({
  protectedData,
  app,
  args,
  workerpool: WORKERPOOL,
  appMaxPrice: Number(MAX_NRLC),
  workerpoolMaxPrice: Number(MAX_NRLC),
  encryptResult: true,
  path: 'result.json',
});
writeFileSync('result.json', Buffer.from(result));
console.log(JSON.stringify({ protectedData, taskId, file: 'result.json' }));
process.exit(0); // the SDK keeps a timer
