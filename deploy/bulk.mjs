// One order for many protected requests: a task for each PER_TASK of them, with one signed result that has an entry for each.
//
//   PRIVATE_KEY=0x… node bulk.mjs 0xAPP 0xPROTECTED_DATA…
//
// Their owners must have granted the app and this wallet's user access in bulk (`protect.mjs … bulk`), which is free of
// charge by dataProtector's rules. Settings as in ask.mjs.
import { writeFileSync } from 'node:fs';
import { IExecDataProtectorCore, getWeb3Provider } from '@iexec/dataprotector';

const [app, ...wanted] = process.argv.slice(2);
const { PRIVATE_KEY, RPC = 'https://sepolia-rollup.arbitrum.io/rpc', MAX_NRLC = '0', OPTIONS = '{}' } = process.env;
const TDX_SEPOLIA = '0x2956f0cb779904795a5f30d3b3ea88b714c3123f'; // dataProtector's own default is the former SCONE pool
const { WORKERPOOL = TDX_SEPOLIA, ARGS = '--max-tokens 64', PER_TASK = '100' } = process.env;

const provider = getWeb3Provider(PRIVATE_KEY, RPC);
const core = new IExecDataProtectorCore(provider, JSON.parse(OPTIONS));

const access = { authorizedApp: app, authorizedUser: await provider.getAddress(), bulkOnly: true };
const bulkAccesses = [];
for (const protectedData of wanted) {
  const { grantedAccess } = await core.getGrantedAccess({ ...access, protectedData });
  if (!grantedAccess.length) throw new Error(`no access in bulk to ${protectedData}`);
  bulkAccesses.push(grantedAccess[0]);
}
const { bulkRequest, pemPrivateKey } = await core.prepareBulkRequest({
  bulkAccesses,
  app,
  args: ARGS,
  workerpool: WORKERPOOL,
  maxProtectedDataPerTask: Number(PER_TASK),
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
