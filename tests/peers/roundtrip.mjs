// The official iExec code on both sides: protect an object, read values out of a zip.
// One JSON request on each line of stdin, one JSON answer on each line of stdout:
//   {"object": tagged} ({"legacy": true}: as 0.5 wrote it) or {"zip": base64}, and {"probes": [[path, schema], …]}
//   {"zip": base64, "schema": …, "values": [tagged or ["error", message], …]} or {"error": message}
// tagged: ["bool", true], ["f64", hex, big endian], ["i128", decimal], ["string", text], ["bytes", hex], ["object", {key: tagged}],
//   ["date", text]; 0.5 knows numbers, where i128 stands for one, and no bigints
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { IExecDataProtectorDeserializer } from '@iexec/dataprotector-deserializer';
// by their paths: the packages do not export it, and their front doors want a wallet
import * as current from './node_modules/@iexec/dataprotector/dist/src/utils/data.js';
import * as before from './node_modules/dataprotector-0.5/dist/utils/data.js';

const folder = mkdtempSync(join(tmpdir(), 'peers-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

const untag = ([tag, value], legacy) => {
  switch (tag) {
    case 'f64':
      return Buffer.from(value, 'hex').readDoubleBE();
    case 'i128':
      return legacy ? Number(value) : BigInt(value);
    case 'bytes':
      return Uint8Array.from(Buffer.from(value, 'hex'));
    case 'object': // fromEntries makes `__proto__` a key like any other
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untag(inner, legacy)]));
    case 'date':
      return new Date(value);
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

const protect = async (tagged, legacy) => {
  const sdk = legacy ? before : current;
  const data = untag(tagged, legacy);
  sdk.ensureDataObjectIsValid(data);
  return { zip: Buffer.from(await sdk.createZipFromObject(data)), schema: await sdk.extractDataSchema(data) };
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

const answer = async ({ object, legacy, zip, probes }) => {
  const made = object ? await protect(object, legacy) : { zip: Buffer.from(zip, 'base64'), schema: null };
  return { ...made, zip: made.zip.toString('base64'), values: await deserialize(made.zip, probes) };
};

for await (const line of createInterface({ input: process.stdin })) {
  const done = await answer(JSON.parse(line)).catch((error) => ({ error: `${error}` }));
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
