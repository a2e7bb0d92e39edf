// The official iExec code on both sides: protect an object, read values out of a zip.
// One JSON request on each line of stdin, one JSON answer on each line of stdout:
//   {"object": tagged} or {"zip": base64}, and {"probes": [[path, schema], …]}
//   {"zip": base64, "schema": …, "values": [tagged or ["error", message], …]} or {"error": message}
// tagged: ["bool", true], ["f64", hex, big endian], ["i128", decimal], ["string", text], ["bytes", hex], ["object", {key: tagged}]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { IExecDataProtectorDeserializer } from '@iexec/dataprotector-deserializer';
// by its path: the package does not export it, and its front door wants a wallet
import {
  createZipFromObject,
  ensureDataObjectIsValid,
  extractDataSchema,
} from './node_modules/@iexec/dataprotector/dist/src/utils/data.js';

const folder = mkdtempSync(join(tmpdir(), 'peers-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

const untag = ([tag, value]) => {
  switch (tag) {
    case 'f64':
      return Buffer.from(value, 'hex').readDoubleBE();
    case 'i128':
      return BigInt(value);
    case 'bytes':
      return Uint8Array.from(Buffer.from(value, 'hex'));
    case 'object': // fromEntries makes `__proto__` a key like any other
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untag(inner)]));
    default:
      return value;
  }
};

const tag = (value) => {
  switch (typeof value) {
    case 'boolean':
      return ['bool', value];
    case 'string':
      return ['string', value];
    case 'bigint':
      return ['i128', value.toString()];
    case 'number': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value);
      return ['f64', bytes.toString('hex')];
    }
    default:
      return ['bytes', Buffer.from(value).toString('hex')];
  }
};

const protect = async (tagged) => {
  const data = untag(tagged);
  ensureDataObjectIsValid(data);
  return { zip: Buffer.from(await createZipFromObject(data)), schema: await extractDataSchema(data) };
};

const deserialize = async (zip, probes) => {
  const protectedDataPath = join(folder, 'dataset');
  writeFileSync(protectedDataPath, zip);
  const reader = new IExecDataProtectorDeserializer({ mode: 'optimistic', protectedDataPath });
  const answers = probes.map(([path, schema]) =>
    reader.getValue(path, schema).then(tag, (error) => ['error', error.message])
  );
  return Promise.all(answers);
};

const answer = async ({ object, zip, probes }) => {
  const made = object ? await protect(object) : { zip: Buffer.from(zip, 'base64'), schema: null };
  return { ...made, zip: made.zip.toString('base64'), values: await deserialize(made.zip, probes) };
};

for await (const line of createInterface({ input: process.stdin })) {
  const done = await answer(JSON.parse(line)).catch((error) => ({ error: `${error}` }));
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
