// Protect a request, a JSON object as in the README, and let one app show it one user; print the protectedData's address:
//
//   PRIVATE_KEY=0x… node protect.mjs request.json 0xAPP 0xUSER          # one task may read it
//   PRIVATE_KEY=0x… node protect.mjs request.json 0xAPP 0xUSER bulk     # any number of tasks, in bulk too
//
// dataProtector takes no lists: write {"0": …, "1": …} in their place, or the list as JSON text. Settings as in ask.mjs.
import { readFileSync } from 'node:fs';
import { IExecDataProtectorCore, getWeb3Provider } from '@iexec/dataprotector';

const [file, authorizedApp, authorizedUser, bulk] = process.argv.slice(2);
const { PRIVATE_KEY, RPC = 'https://sepolia-rollup.arbitrum.io/rpc', OPTIONS = '{}' } = process.env;
const core = new IExecDataProtectorCore(getWeb3Provider(PRIVATE_KEY, RPC), JSON.parse(OPTIONS));

const data = JSON.parse(readFileSync(file, 'utf8'));
const { address: protectedData } = await core.protectData({ name: 'sealed-llm request', data });
const access = bulk ? { allowBulk: true } : { numberOfAccess: 1 };
await core.grantAccess({ protectedData, authorizedApp, authorizedUser, ...access });
console.log(protectedData);
process.exit(0); // the SDK keeps a timer
