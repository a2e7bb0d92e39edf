// How the three scripts talk to the person who runs them, and to that person's wallet.
import { closeSync, constants, copyFileSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

class WrongUse extends Error {}

/** Stop with one line and a hint, exit code 2. */
export const refuse = (message, hint) => {
  throw Object.assign(new WrongUse(message), { hint });
};

/** Run a script to its end: 0 done, 1 it failed on iExec's side or the result is an error, 2 it was called in a wrong way. */
export const run = async (usage, script) => {
  const words = process.argv.slice(2);
  if (words.some((word) => ['-h', '--help'].includes(word)) || !words.length) {
    process.stdout.write(`${usage.trim()}\n`);
    process.exit(words.length ? 0 : 2);
  }
  if (!process.env.DEBUG) console.error = () => {}; // the SDK prints stack traces of what it throws anyway
  try {
    process.exit((await script(words)) ?? 0); // the SDK keeps a timer
  } catch (error) {
    const causes = [];
    for (let one = error; one; one = one.cause) causes.push(`${one.shortMessage ?? one.message}`.split('\n')[0]);
    const message = [...new Set(causes)].join(': ');
    tell(`error: ${message}`);
    tell(`hint: ${error.hint ?? HINTS.find(([pattern]) => pattern.test(message))?.[1] ?? 'DEBUG=1 shows where it happened'}`);
    if (process.env.DEBUG) tell(error.stack);
    process.exit(error instanceof WrongUse ? 2 : 1);
  }
};

const HINTS = [
  [/No Workerpool order/, 'MAX_NRLC=… pays more than 0 nRLC; WORKERPOOL=0x… names another pool'],
  [/No App order/, 'MAX_NRLC=… pays more than 0 nRLC; has the app been published (iexec app publish)?'],
  [/No Dataset order/, 'its owner grants this wallet access: protect.mjs request.json 0xAPP 0xUSER'],
  [/insufficient funds/, 'the wallet needs ether for gas'],
  [/\b(cost|stake|balance)\b/i, 'RLC is paid from the deposit: iexec account deposit 1 RLC'],
  [/(fetch|network|ECONN|ENOTFOUND|unavailable)/i, 'is RPC the URL of a node of Arbitrum Sepolia, and can it be reached?'],
];

/** Say a line to the person; standard output is for programs. What could act on a terminal or hide is written out. */
export const tell = (line) => process.stderr.write(`${printable(`${line}`)}\n`);

/** Return a text with controls but line feed and tab, format characters, line separators and halves of pairs written out. */
export const printable = (text) =>
  text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`);

/** Print an object for programs, as JSON in ASCII: what a server said in it cannot act on a terminal either. */
export const print = (object) =>
  console.log(JSON.stringify(object).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`));

const STEPS = {
  CREATE_ZIP_FILE: 'packing the data',
  ENCRYPT_FILE: 'encrypting it',
  UPLOAD_ENCRYPTED_FILE: 'uploading it to IPFS, encrypted',
  DEPLOY_PROTECTED_DATA: 'registering it on the chain',
  PUSH_SECRET_TO_SMS: 'handing its key to the secret service',
  CREATE_DATASET_ORDER: 'signing the access',
  PUBLISH_DATASET_ORDER: 'publishing the access',
  FETCH_ORDERS: 'looking for orders of app and workerpool',
  PUSH_REQUESTER_SECRET: 'handing the requester secrets to the secret service',
  GENERATE_ENCRYPTION_KEY: 'making a key for the result (this takes a while)',
  PUSH_ENCRYPTION_KEY: 'handing its public half to the secret service',
  PREPARE_PROTECTED_DATA_BULK: 'putting the datasets together',
  CREATE_BULK_REQUEST: 'signing the order',
  CREATE_BULK_TASKS: 'ordering the tasks',
  WAIT_FOR_WORKERPOOL_AVAILABILITY: 'waiting until the workerpool has room',
  REQUEST_TO_PROCESS_PROTECTED_DATA: 'ordering the task',
  TASK_EXECUTION: 'waiting for the worker (a minute or more)',
  TASK_RESULT_DOWNLOAD: 'downloading the result',
  TASK_RESULT_DECRYPT: 'decrypting it',
};

/** Tell of each step as it begins. Payloads hold keys: only a task's number is shown. */
export const onStatusUpdate = ({ title, isDone, payload }) => {
  if (!isDone && STEPS[title]) tell(`… ${STEPS[title]}`);
  if (isDone && title === 'REQUEST_TO_PROCESS_PROTECTED_DATA') tell(`  task ${payload.taskId}`);
};

/** Return an address, or refuse it. */
export const address = (text, what) =>
  /^0x[0-9a-fA-F]{40}$/.test(text ?? '') ? text : refuse(`${what} is no address`, `${what}: 0x and 40 hex digits; no ENS name`);

/** Return args, unless a quote in them is never closed: a worker drops all of them then. It takes \\" and \\' for no quote. */
export const checkedArgs = (text = '') => {
  let [quote, escaped] = ['', false];
  for (const piece of text.match(/["' \\]|[^"' \\]+/g) ?? []) {
    if (piece === quote || (!quote && ['"', "'"].includes(piece))) [quote, escaped] = escaped ? [quote, false] : [quote ? '' : piece, false];
    else if (piece !== ' ' || quote) escaped = piece === '\\';
  }
  return quote ? refuse('the args have a quote that is never closed', 'a worker drops all args then: "it\'s", or no apostrophe') : text;
};

/** Return the settings in the environment, and dataProtector with the wallet. */
export const connect = async () => {
  const { RPC = 'https://sepolia-rollup.arbitrum.io/rpc', OPTIONS = '{}', MAX_NRLC = '0', WORKERPOOL = TDX_SEPOLIA } = process.env;
  if (!/^\d{1,15}$/.test(MAX_NRLC)) refuse('MAX_NRLC is no whole number', '1 RLC is 1000000000 nRLC');
  let options;
  try {
    options = JSON.parse(OPTIONS);
  } catch {
    refuse('OPTIONS is no JSON', "a JSON object for dataProtector's constructor");
  }
  const price = Number(MAX_NRLC);
  const order = { workerpool: address(WORKERPOOL, 'WORKERPOOL'), appMaxPrice: price, workerpoolMaxPrice: price, encryptResult: true };
  const key = await privateKey();
  const { IExecDataProtectorCore, getWeb3Provider } = await import('@iexec/dataprotector'); // takes a second: after the mistakes
  const provider = getWeb3Provider(key, RPC);
  return { core: new IExecDataProtectorCore(provider, options), user: await provider.getAddress(), order, rpc: RPC };
};

const TDX_SEPOLIA = '0x2956f0cb779904795a5f30d3b3ea88b714c3123f'; // dataProtector's own default is the former SCONE pool

const privateKey = async () => {
  const { PRIVATE_KEY, KEYSTORE } = process.env;
  if (!PRIVATE_KEY && !KEYSTORE)
    refuse('there is no wallet', 'KEYSTORE=file of `iexec wallet create`, or: read -rs PRIVATE_KEY; export PRIVATE_KEY');
  if (PRIVATE_KEY) return /^(0x)?[0-9a-fA-F]{64}$/.test(PRIVATE_KEY) ? PRIVATE_KEY : refuse('PRIVATE_KEY is no key', '64 hex digits');
  if (!existsSync(KEYSTORE)) refuse(`KEYSTORE: ${KEYSTORE} is not there`, '`iexec wallet create` puts one into ~/.ethereum/keystore');
  const wallet = readFileSync(KEYSTORE, 'utf8');
  const password = process.env.WALLET_PASSWORD ?? (await ask(`password of ${KEYSTORE}: `));
  const { Wallet } = await import('ethers');
  try {
    return (await Wallet.fromEncryptedJson(wallet, password)).privateKey;
  } catch (error) {
    return refuse(`KEYSTORE: ${error.shortMessage ?? error.message}`, 'is it the file of an encrypted wallet, and its password?');
  }
};

/** Ask for a password at the terminal, without showing it. */
const ask = async (question) => {
  if (!process.stdin.isTTY) refuse('there is no terminal to ask for the password', 'WALLET_PASSWORD holds it');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true }); // from here on there is no echo
  const stop = () => process.exit(130);
  reader.on('SIGINT', stop).on('close', stop);
  process.stderr.write(question);
  const password = await reader.question('');
  reader.off('close', stop).close();
  process.stderr.write('\n');
  return password;
};

/** Write a file that is whole or not there, under the first of its names that is free; return that name. */
export const putAside = (file, more, data) => {
  const made = `.${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(made, 'w');
    try {
      writeFileSync(descriptor, data);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    for (let count = 0; ; count++) {
      const name = count ? file.replace('.json', `-${more}${count > 1 ? `-${count}` : ''}.json`) : file;
      try {
        putAt(made, name);
        return name;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
    }
  } finally {
    if (existsSync(made)) unlinkSync(made);
  }
};

/** Give a file its name, unless there is something already: no look before that could be too early. */
const putAt = (made, name) => {
  try {
    linkSync(made, name);
  } catch (error) {
    if (error.code === 'EEXIST') throw error;
    copyFileSync(made, name, constants.COPYFILE_EXCL); // where files cannot have two names
  }
};

/** Return a line on what of the order's own was not used, if anything was answered: protected data decides about itself. */
export const leftAside = (report) => {
  const answered = [report, ...(report.bulk?.results ?? [])].filter(({ answer }) => answer);
  const unused = answered.flatMap(({ inputs }) => inputs).filter(({ used, source }) => !used && source !== 'dataset');
  const names = unused.map(({ kind, source, number }) => [kind, 'in the', source.replace('_', ' '), number].join(' ').trim());
  const why = 'a request in protected data decides what goes with it (docs/reference/protected-data.md)';
  return names.length ? [`NOT USED: ${[...new Set(names)].join(', ')}; ${why}`] : [];
};

/** Write a signed result, never over another one; say where it is, what it says and how to verify it. Return the exit code. */
export const keep = (result, { taskId, app, rpc, protectedData, file = 'result.json' }) => {
  const free = putAside(file, taskId.slice(2, 10), Buffer.from(result));
  print({ protectedData, taskId, file: free });
  const report = JSON.parse(Buffer.from(result)).report;
  const { status, error } = report;
  tell(`the result is in ${resolve(free)}: ${error ? `error ${error.code}: ${error.message}` : status}`);
  if (error) tell(`hint: ${error.hint}`);
  for (const line of leftAside(report)) tell(line);
  tell('verify it, --signer with the address that the app publishes, in the folder above this one:');
  tell(`  python -m app verify ${resolve(free)} --app ${app} --task ${taskId} --rpc ${rpc} --signer 0x…`);
  return error ? 1 : 0;
};
