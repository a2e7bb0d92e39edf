// One task for many protected prompts: one order, one enclave start, one signed result with an entry for each.
//
//   PRIVATE_KEY=0x… node bulk.mjs 0xAPP 0xPROTECTED_DATA…
//
// Whoever owns a protectedData must have let the app read it in bulk, which is free of charge by dataProtector's rules:
//   grantAccess({ protectedData, authorizedApp, authorizedUser, allowBulk: true })
// Here that is done for those that the wallet owns itself. Settings as in ask.mjs.
import { writeFileSync } from 'node:fs';
import { IExecDataProtectorCore, getWeb3Provider } from '@iexec/dataprotector';

const [app, ...wanted] = process.argv.slice(2);
const { PRIVATE_KEY, RPC = 'https://sepolia-rollup.arbitrum.io/rpc', MAX_NRLC = '0', OPTIONS = '{}' } = process.env;
const { WORKERPOOL = '0x2956f0cb779904795a5f30d3b3ea88b714c3123f', ARGS = '--max-tokens 64' } = process.env;

const provider = getWeb3Provider(PRIVATE_KEY, RPC);
const core = new IExecDataProtectorCore(provider, JSON.parse(OPTIONS));
const authorizedUser = await provider.getAddress();

const bulkAccesses = [];
for (const protectedData of wanted) {
  const access = { protectedData, authorizedApp: app, authorizedUser };
  const found = () => core.getGrantedAccess({ ...access, bulkOnly: true });
  if (!(await found()).grantedAccess.length) await core.grantAccess({ ...access, allowBulk: true });
  bulkAccesses.push((await found()).grantedAccess[0]);
}
const { bulkRequest, pemPrivateKey } = await core.prepareBulkRequest({
  bulkAccesses,
  app,
  args: ARGS,
  workerpool: WORKERPOOL,
  appMaxPrice: Number(MAX_NRLC),
  workerpoolMaxPrice: Number(MAX_NRLC),
  encryptResult: true,
});
const { tasks } = await core.processBulkRequest({
  bulkRequest,
  workerpool: WORKERPOOL,
  pemPrivateKey,
  path: 'result.json',
  waitForResult: true,
});
for (const { taskId, bulkIndex, result, error } of tasks) {
  const file = result ? `result-${bulkIndex}.json` : null;
  if (file) writeFileSync(file, Buffer.from(result));
  console.log(JSON.stringify({ taskId, file, error: error?.message }));
}
process.exit(0); // the SDK keeps a timer
