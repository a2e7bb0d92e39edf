// Protect a request, a JSON object as in the README, and print the address of the protectedData:
//
//   PRIVATE_KEY=0x… node protect.mjs request.json
//
// dataProtector takes no lists: write {"0": …, "1": …} in their place, or the list as JSON text. Settings as in ask.mjs.
import { readFileSync } from 'node:fs';
import { IExecDataProtectorCore, getWeb3Provider } from '@iexec/dataprotector';

const { PRIVATE_KEY, RPC = 'https://sepolia-rollup.arbitrum.io/rpc', OPTIONS = '{}' } = process.env;
const core = new IExecDataProtectorCore(getWeb3Provider(PRIVATE_KEY, RPC), JSON.parse(OPTIONS));
const data = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { address, owner, schema } = await core.protectData({ name: 'sealed-llm request', data });
console.log(JSON.stringify({ address, owner, schema }));
process.exit(0); // the SDK keeps a timer
