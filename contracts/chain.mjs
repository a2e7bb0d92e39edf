// A chain for the tests: anvil on a free port of 127.0.0.1, iExec's real PoCo on it, and the contracts of this folder.
// One JSON request on each line of stdin, one JSON answer on each line of stdout; the first answer needs no request:
//   {anvil: pid, url, hub, signers: {name: address}, apps: [address, address], chainId, settings: {…}}
//   {"op": "deploy", contract, args}                     -> {address} or {refused: name of the error}
//   {"op": "order", app, callback, params}               -> {taskId}: orders signed and matched, the task initialized
//   {"op": "complete", taskId, data, digest, steps}      -> {callback: {gas, limit, refused} or null}: steps 1 or 3, as workers
//                                                           do; digest is resultDigest, keccak256 of data if there is a callback
//   {"op": "call", contract, to, method, args, from}     -> {values} or {refused}
//   {"op": "send", contract, to, method, args}           -> {gas}: a transaction of the administrator
//   {"op": "rename", chainId}                            -> {}: from now on block.chainid is this one
//   {"op": "recover", digest, v, r, s}                   -> {address}: the bare precompile
// and {"error": message} for whatever else went wrong. It ends, and anvil with it, when stdin does, at the latest 5 seconds
// later. What it asks of anvil is given up after PATIENCE milliseconds.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  AbiCoder, Contract, ContractFactory, FetchRequest, HDNodeWallet, Interface, JsonRpcProvider, ZeroAddress, ZeroHash, concat,
  getBytes, id, keccak256, randomBytes, toBeHex,
} from 'ethers';
import solc from 'solc';

const HERE = new URL('./', import.meta.url);
const POCO = new URL('./node_modules/@iexec/poco/', HERE);
const PATIENCE = 20_000;
const CHAIN_ID = 31337;
const MNEMONIC = 'test test test test test test test test test test test junk'; // anvil's own, public
const SETTINGS = { optimizer: { enabled: true, runs: 10_000 }, viaIR: true, evmVersion: 'cancun' };
const SOURCES = {
  'SealedResult.sol': 'SealedResult.sol',
  'Consumer.sol': 'Consumer.sol',
  'Probe.sol': '../tests/support/contracts/Probe.sol',
  'VerifyResult.sol': '../examples/snippets/VerifyResult.sol',
  'VerifyScore.sol': '../examples/snippets/VerifyScore.sol',
  'ScoreGate.sol': '../examples/score/ScoreGate.sol',
};
const json = (path, base = POCO) => JSON.parse(readFileSync(new URL(path, base), 'utf8'));
const artifact = (path) => json(`artifacts/contracts/${path}.json`);
const facet = (name) => artifact(`facets/${name}.sol/${name}`);
const deployment = (name) => json(`deployments/arbitrumSepolia/${name}.json`);

// --- our contracts, by the npm solc

function compile() {
  const sources = Object.fromEntries(
    Object.entries(SOURCES).map(([name, path]) => [name, { content: readFileSync(new URL(path, HERE), 'utf8') }]),
  );
  const outputSelection = { '*': { '*': ['abi', 'evm.bytecode.object'] } };
  const input = { language: 'Solidity', sources, settings: { ...SETTINGS, outputSelection } };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input)));
  if (errors.length) throw new Error(errors.map((one) => one.formattedMessage).join('\n')); // warnings too
  return Object.fromEntries(
    Object.values(contracts).flatMap((file) =>
      Object.entries(file).map(([name, one]) => [name, { abi: one.abi, bytecode: `0x${one.evm.bytecode.object}` }]),
    ),
  );
}

// --- anvil

async function startAnvil() {
  const path = fileURLToPath(new URL('./node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil', HERE));
  const child = spawn(path, ['--host', '127.0.0.1', '--port', '0', '--chain-id', `${CHAIN_ID}`, '--no-request-size-limit'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const port = await new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`anvil ended: ${said}`)));
    child.stdout.on('data', (data) => {
      said += data;
      const found = /Listening on 127\.0\.0\.1:(\d+)/.exec(said);
      if (found) resolve(found[1]);
    });
  });
  child.stdout.removeAllListeners('data').resume();
  return { child, url: `http://127.0.0.1:${port}` };
}

// --- PoCo, from the bytecode in @iexec/poco: a diamond of all its facets, in token mode

function linked({ bytecode, linkReferences = {} }, libraries) {
  let code = bytecode;
  for (const [name, places] of Object.values(linkReferences).flatMap(Object.entries))
    for (const { start, length } of places)
      code = code.slice(0, 2 + 2 * start) + libraries[name].slice(2).toLowerCase() + code.slice(2 + 2 * (start + length));
  return code;
}

async function deploy({ abi, ...code }, admin, args = [], libraries = {}) {
  const contract = await new ContractFactory(abi, linked(code, libraries), admin).deploy(...args);
  await sent(contract.deploymentTransaction());
  return contract;
}

// not ethers' wait(): it looks once, then again at the next block, and here no block follows the one that it missed
async function sent(transaction) {
  const { hash, provider } = await transaction;
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(2)) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt?.status === 0) throw new Error(`transaction ${hash} was reverted`);
    if (receipt) return receipt;
  }
  throw new Error(`no receipt of ${hash} after ${PATIENCE} ms`);
}

async function deployPoco(admin) {
  const taken = new Set();
  const cut = async (code, libraries) => {
    const all = code.abi.filter((one) => one.type === 'function').map((one) => new Interface([one]).fragments[0].selector);
    const functionSelectors = [...new Set(all)].filter((one) => !taken.has(one)); // facets share a few views
    functionSelectors.forEach((one) => taken.add(one));
    return { facetAddress: await (await deploy(code, admin, [], libraries)).getAddress(), action: 0, functionSelectors };
  };
  const cuts = [];
  for (const name of ['DiamondCutFacet', 'DiamondLoupeFacet', 'OwnershipFacet']) cuts.push(await cut(deployment(name)));
  const init = await deploy(deployment('DiamondInit'), admin);
  const initCalldata = init.interface.encodeFunctionData('init');
  const settings = { owner: admin.address, init: await init.getAddress(), initCalldata };
  const hub = await (await deploy(artifact('Diamond.sol/Diamond'), admin, [cuts, settings])).getAddress();
  // [] for its ABI: a library's has types that ethers warns of
  const orders = await deploy({ ...artifact('libs/IexecLibOrders_v5.sol/IexecLibOrders_v5'), abi: [] }, admin);
  const libraries = { IexecLibOrders_v5: await orders.getAddress() };
  const names = [
    'IexecAccessorsABILegacyFacet', 'IexecCategoryManagerFacet', 'IexecConfigurationExtraFacet', 'IexecConfigurationFacet',
    'IexecERC20Facet', 'IexecEscrowTokenFacet', 'IexecOrderManagementFacet', 'IexecPoco1Facet', 'IexecPoco2Facet',
    'IexecPocoAccessorsFacet', 'IexecRelayFacet',
  ];
  const more = [];
  for (const name of names) more.push(await cut(facet(name), libraries));
  await sent(new Contract(hub, deployment('DiamondCutFacet').abi, admin).diamondCut(more, ZeroAddress, '0x'));

  const registries = [];
  for (const [kind, folder] of [['App', 'apps'], ['Dataset', 'datasets'], ['Workerpool', 'workerpools']]) {
    const registry = await deploy(artifact(`registries/${folder}/${kind}Registry.sol/${kind}Registry`), admin);
    await sent(registry.initialize(ZeroAddress));
    registries.push(registry);
  }
  const addresses = await Promise.all(registries.map((one) => one.getAddress()));
  const seen = new Set();
  const abi = names.flatMap((name) => facet(name).abi).filter((one) => {
    const key = JSON.stringify([one.type, one.name, (one.inputs ?? []).map((input) => input.type)]);
    return !seen.has(key) && seen.add(key);
  });
  const poco = new Contract(hub, abi, admin);
  // all prices of the tests are zero, so no token is ever asked for anything
  await sent(poco.configure(ZeroAddress, 'Staked RLC', 'SRLC', 9, ...addresses, ZeroAddress));
  await sent(poco.setCallbackGas(200_000));
  await sent(poco.createCategory('XS', '{}', 300));
  return { poco, hub, apps: registries[0], pools: registries[2] };
}

// --- a deal and its task, as the SDK, the scheduler and a worker make them

const TAG = toBeHex(9, 32); // tee, tdx
const RESTRICTED = ['workerpoolrestrict', 'requesterrestrict'];
const ORDERS = {
  AppOrder: ['app', 'appprice', 'volume', 'tag', 'datasetrestrict', ...RESTRICTED, 'salt'],
  WorkerpoolOrder: [
    'workerpool', 'workerpoolprice', 'volume', 'tag', 'category', 'trust', 'apprestrict', 'datasetrestrict', 'requesterrestrict', 'salt',
  ],
  RequestOrder: [
    'app', 'appmaxprice', 'dataset', 'datasetmaxprice', 'workerpool', 'workerpoolmaxprice', 'requester', 'volume', 'tag', 'category',
    'trust', 'beneficiary', 'callback', 'params', 'salt',
  ],
};
const typeOf = (name) => {
  if (/price$|^(volume|category|trust)$/.test(name)) return 'uint256';
  if (/^(tag|salt)$/.test(name)) return 'bytes32';
  return name === 'params' ? 'string' : 'address';
};
const zeroOf = { uint256: 0, bytes32: ZeroHash, string: '', address: ZeroAddress };

async function signedOrder(kind, values, wallet, domain) {
  const fields = ORDERS[kind].map((name) => ({ name, type: typeOf(name) }));
  const order = Object.fromEntries(fields.map(({ name, type }) => [name, values[name] ?? zeroOf[type]]));
  return { ...order, sign: await wallet.signTypedData(domain, { [kind]: fields }, order) };
}

// an estimate is the least gas with which the transaction succeeds, and that it does when the callback has run out of its own
const PLENTY = { gasLimit: 2_000_000 };

const NO_DATASET = {
  dataset: ZeroAddress, datasetprice: 0, volume: 0, tag: ZeroHash, apprestrict: ZeroAddress, workerpoolrestrict: ZeroAddress,
  requesterrestrict: ZeroAddress, salt: ZeroHash, sign: '0x',
};

function innerCall(call, to) {
  if (call.type === 'CALL' && call.to?.toLowerCase() === to.toLowerCase()) return call;
  for (const one of call.calls ?? []) {
    const found = innerCall(one, to);
    if (found) return found;
  }
  return null;
}

const errorName = (abi, data) => (data && data !== '0x' ? abi.parseError(data)?.name : null);

async function orRefused(abi, work) {
  try {
    return await work();
  } catch (error) {
    if (error.code !== 'CALL_EXCEPTION') throw error;
    return { refused: errorName(abi, error.data) ?? error.message };
  }
}

// with its own settings ethers waits 300 seconds for each answer, and for ever for the first one, which names the network
function connected(url) {
  const endpoint = new FetchRequest(url);
  endpoint.timeout = PATIENCE;
  return new JsonRpcProvider(endpoint, CHAIN_ID, { staticNetwork: true, pollingInterval: 10, cacheTimeout: -1, batchMaxCount: 1 });
}

async function main() {
  const requests = createInterface({ input: process.stdin }); // before anything slow, to notice when whoever asked is gone
  requests.once('close', () => setTimeout(() => process.exit(1), 5_000).unref());
  const compiled = compile();
  const { child, url } = await startAnvil();
  const provider = connected(url);
  const wallets = Object.fromEntries(
    ['admin', 'requester', 'scheduler', 'worker', 'enclave', 'stranger'].map((name, index) => [
      name, HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).connect(provider),
    ]),
  );
  const { admin, requester, scheduler, worker, enclave } = wallets;
  const { poco, hub, apps, pools } = await deployPoco(admin);
  const made = async (registry, method, ...args) => {
    const address = await registry[method].staticCall(...args);
    await sent(registry[method](...args));
    return address;
  };
  const newApp = (name) => made(apps, 'createApp', admin.address, name, 'DOCKER', '0x00', id(name), '0x');
  const pool = await made(pools, 'createWorkerpool', scheduler.address, 'pool');
  const both = [await newApp('sealed-llm'), await newApp('other')];
  const { name, version, chainId, verifyingContract } = await poco.domain();
  const domain = { name, version, chainId, verifyingContract };
  const at = (contract, to, runner = provider) => new Contract(to, contract === 'Hub' ? poco.interface : compiled[contract].abi, runner);

  const consumer = new Interface(compiled.Consumer.abi);

  const ops = {
    async deploy({ contract, args }) {
      return orRefused(new Interface(compiled[contract].abi), async () => ({
        address: await (await deploy(compiled[contract], admin, args)).getAddress(),
      }));
    },

    async order({ app, callback, params }) {
      const common = { app, workerpool: pool, tag: TAG, volume: 1, salt: randomBytes(32), requester: requester.address };
      const request = { ...common, beneficiary: requester.address, callback, params };
      const orders = [
        await signedOrder('AppOrder', common, admin, domain),
        NO_DATASET,
        await signedOrder('WorkerpoolOrder', { ...common, trust: 1 }, scheduler, domain),
        await signedOrder('RequestOrder', request, requester, domain),
      ];
      const dealId = await poco.matchOrders.staticCall(...orders);
      await sent(poco.matchOrders(...orders));
      await sent(poco.connect(scheduler).initialize(dealId, 0));
      return { taskId: keccak256(concat([dealId, ZeroHash])) };
    },

    async complete({ taskId, data, digest: given, steps }) {
      const digest = given ?? keccak256(data);
      const resultHash = keccak256(concat([taskId, digest]));
      const seal = keccak256(concat([worker.address, taskId, digest]));
      const personally = (wallet, parts) => wallet.signMessage(getBytes(keccak256(concat(parts))));
      const proofs = [
        enclave.address,
        await personally(enclave, [resultHash, seal]),
        await personally(scheduler, [worker.address, taskId, enclave.address]),
      ];
      const working = poco.connect(worker);
      let receipt;
      if (steps === 1) {
        receipt = await sent(working.contributeAndFinalize(taskId, digest, '0x', data, ...proofs, PLENTY));
      } else {
        await sent(working.contribute(taskId, resultHash, seal, ...proofs));
        await sent(working.reveal(taskId, digest));
        receipt = await sent(poco.connect(scheduler).finalize(taskId, '0x', data, PLENTY));
      }
      const { dealid } = await poco.viewTask(taskId);
      const { callback } = await poco.viewDeal(dealid);
      if (callback === ZeroAddress) return { callback: null };
      const trace = await provider.send('debug_traceTransaction', [receipt.hash, { tracer: 'callTracer' }]);
      const call = innerCall(trace, callback);
      const refused = call.error ? (errorName(consumer, call.output) ?? call.error) : null;
      return { callback: { gas: Number(call.gasUsed), limit: Number(call.gas), refused } };
    },

    async call({ contract, to, method, args, from }) {
      const called = at(contract, to);
      return orRefused(called.interface, async () => ({
        values: (await called.getFunction(method).staticCallResult(...args, { from })).toArray(true),
      }));
    },

    async send({ contract, to, method, args }) {
      const data = at(contract, to).interface.encodeFunctionData(method, args);
      return { gas: Number((await sent(admin.sendTransaction({ to, data }))).gasUsed) };
    },

    async rename({ chainId: number }) {
      await provider.send('anvil_setChainId', [number]);
      return {};
    },

    async recover({ digest, v, r, s }) {
      const data = AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256', 'bytes32', 'bytes32'], [digest, v, r, s]);
      const said = await provider.call({ to: toBeHex(1, 20), data });
      return { address: said === '0x' ? null : AbiCoder.defaultAbiCoder().decode(['address'], said)[0] };
    },
  };

  const answer = (value) => process.stdout.write(`${JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? Number(one) : one))}\n`);
  const signers = Object.fromEntries(Object.entries(wallets).map(([who, wallet]) => [who, wallet.address]));
  answer({ anvil: child.pid, url, hub, signers, apps: both, chainId, settings: SETTINGS });
  for await (const line of requests) {
    try {
      const { op, ...request } = JSON.parse(line);
      answer(await ops[op](request));
    } catch (error) {
      answer({ error: String(error?.stack ?? error) });
    }
  }
  provider.destroy();
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill();
  await ended;
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exit(1);
  },
);
