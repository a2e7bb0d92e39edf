// A verifier of result.json in JavaScript, from what docs/reference/result.md and schema/result-v1.schema.json say, on stock libraries.
// One JSON request on each line of stdin, one JSON answer on each line of stdout:
//   {"data": base64, "signer": "0x…", "model": sha-256 or null} → {"refused": null, or "form", "hash", "signature",
//   "signer", "model"}, with {"why": text}; or {"bug": text} for what should not happen in here
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Ajv2020 from 'ajv/dist/2020.js';
import canonicalize from 'canonicalize';
import { TypedDataEncoder, ZeroHash, computeAddress, getBytes, keccak256, recoverAddress, toUtf8Bytes } from 'ethers';
import { bcs } from '@mysten/bcs';
import { Ed25519PublicKey } from '@mysten/sui/keypairs/ed25519';
import { Secp256k1PublicKey } from '@mysten/sui/keypairs/secp256k1';
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';

const MAX_BYTES = 33_554_432; // docs/reference/limits.md: result_bytes
const MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n; // half the order of secp256k1
const TYPES = {
  Result: ['taskId', 'requestHash', 'modelHash', 'parametersHash', 'reportHash'].map((name) => ({ name, type: 'bytes32' })),
};
const schema = JSON.parse(readFileSync(new URL('../../schema/result-v1.schema.json', import.meta.url), 'utf8'));
const follows = new Ajv2020().compile(schema);

class Refusal extends Error {
  constructor(kind, why) {
    super(why);
    this.kind = kind;
  }
}
const insist = (holds, kind, why) => {
  if (!holds) throw new Refusal(kind, why);
};
const attempt = (kind, work) => {
  try {
    return work();
  } catch (error) {
    throw new Refusal(kind, error.message);
  }
};

// what RFC 8785 (I-JSON) leaves out of values although JSON.parse and JSON.stringify would carry it from one side to the other
const ofIJson = (_, value) => {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('half a surrogate pair');
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error('a float, or an integer beyond 2^53-1');
  return value;
};

function read(data) {
  insist(data.length <= MAX_BYTES, 'form', 'too large');
  const document = attempt('form', () => {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data); // ignoreBOM: the mark is kept
    return JSON.parse(text, ofIJson);
  });
  insist(follows(document), 'form', JSON.stringify(follows.errors?.[0]));
  // two forms of one meaning are left by the schema, which has defaults; these are always written, and a chain never as null
  const { domain } = document.attestation;
  insist(domain.name && domain.version && document.report.format && domain.chainId !== null && document.attestation.sui !== null, 'form', 'a default is not as written');
  // the bytes of a duplicate key, a space, an escape, another order or another number form do not come back
  insist(Buffer.from(canonicalize(document)).equals(data), 'form', 'not canonical');
  return document;
}

const hashOf = (value) => keccak256(toUtf8Bytes(canonicalize(value)));

function wordsOf(report) {
  const { task_id, request, bulk, parameters } = report;
  const model = report.model && 'sha256' in report.model ? report.model : null; // one outside of the image counts as none
  return {
    taskId: task_id ?? ZeroHash,
    requestHash: hashOf(request),
    modelHash: model === null ? ZeroHash : `0x${model.sha256}`,
    parametersHash: hashOf({
      engine: model === null ? null : [model.engine, model.build],
      parameters: bulk === null ? parameters : bulk.results.map((item) => item.parameters),
    }),
    reportHash: hashOf(report),
  };
}

function signerOf({ domain, message, signature }, types = TYPES) {
  const bytes = getBytes(signature); // 65 of them, says the schema
  insist([27, 28].includes(bytes[64]), 'signature', 'v is neither 27 nor 28');
  insist(BigInt(`0x${signature.slice(66, 130)}`) <= MAX_S, 'signature', 's is high');
  return attempt('signature', () => recoverAddress(TypedDataEncoder.hash(domain, types, message), signature));
}

// app/crypto/sui.py: IntentMessage { intent, timestamp_ms, payload }
const message = (intent, timestamp, payload) =>
  Buffer.concat([bcs.u8().serialize(intent).toBytes(), bcs.u64().serialize(timestamp).toBytes(), payload]);
const scoreMessage = (score) =>
  message(0, score.timestamp_ms, Buffer.concat([bcs.u64().serialize(score.score).toBytes(), bcs.string().serialize(score.wallet_address).toBytes()]));
const CODES = { requester: 1, owner: 2, enclave: 3 };
const labelsCode = ({ own_labels: giver }) => (giver === null ? 0 : CODES[giver]);
const originMessage = ({ score, timestamp_ms, wallet_address, data }) => {
  const fetched = data.origin === 'enclave';
  insist(fetched ? data.host !== null : data.host === null && !data.chain_checked, 'signature', 'a host where there is none, or none');
  const parts = [
    bcs.u64().serialize(score), bcs.string().serialize(wallet_address), bcs.u64().serialize(data.chain_id), bcs.u8().serialize(CODES[data.origin]),
    ...(fetched ? [bcs.string().serialize(data.host), bcs.bool().serialize(data.chain_checked)] : []),
    bcs.u8().serialize(labelsCode(data)), bcs.bool().serialize(data.truncated),
  ];
  return message(fetched ? 3 : 2, timestamp_ms, Buffer.concat(parts.map((part) => part.toBytes())));
};
const SCORE = {
  Score: [
    ['address', 'wallet'], ['uint256', 'score'], ['uint256', 'timestampMs'], ['uint256', 'chainId'], ['uint8', 'origin'],
    ['string', 'host'], ['bool', 'chainChecked'], ['uint8', 'ownLabels'], ['bool', 'truncated'],
  ].map(([type, name]) => ({ name, type })),
};
const scoreStruct = ({ score, timestamp_ms, wallet_address, data }) => ({
  wallet: wallet_address.toLowerCase(), score, timestampMs: timestamp_ms, chainId: data.chain_id, origin: CODES[data.origin],
  host: data.host ?? '', chainChecked: data.chain_checked, ownLabels: labelsCode(data), truncated: data.truncated,
});
const reportMessage = (hash, timestamp) => message(1, timestamp, bcs.vector(bcs.u8()).serialize(getBytes(hash)).toBytes());

function fits(both, bytes, signer) {
  const [k1, ed] = [both.secp256k1, both.ed25519];
  const of = (name) => ({ key: Buffer.from(both[name].public_key, 'hex'), signature: Buffer.from(both[name].signature, 'hex') });
  const [first, second] = [of('secp256k1'), of('ed25519')];
  try {
    return (
      secp256k1.verify(first.signature, bytes, first.key, { prehash: true, lowS: true }) &&
      computeAddress(`0x${k1.public_key}`) === signer &&
      new Secp256k1PublicKey(first.key).toSuiAddress() === k1.sui_address &&
      ed25519.verify(second.signature, bytes, second.key) &&
      new Ed25519PublicKey(second.key).toSuiAddress() === ed.sui_address
    );
  } catch {
    return false; // a key that is no point
  }
}

function checkScores(report, { domain, message: { reportHash }, sui, signer }) {
  const answers = [report.answer, ...(report.bulk?.results ?? []).map((item) => item.answer)];
  const scores = answers.filter((answer) => answer && 'score' in answer);
  insist((sui === undefined) === (scores.length === 0), 'signature', 'Sui signatures and scores do not go together');
  if (scores.length === 0) return;
  for (const score of scores) {
    const earlier = score.data.origin === 'enclave' && score.data.own_labels === null; // docs/reference/score-signatures.md: else intent 0 is not made
    insist(score.signature === (score.sui?.secp256k1.signature ?? null) && (score.sui !== null) === earlier, 'signature', 'intent 0');
    insist(score.sui_origin && score.evm, 'signature', 'an unsigned score');
    insist(signerOf({ domain, message: scoreStruct(score), signature: score.evm }, SCORE) === signer, 'signature', 'the EIP-712 score');
  }
  const newest = Math.max(...scores.map((score) => score.timestamp_ms));
  const all = [
    ...scores.filter((score) => score.sui).map((score) => [score.sui, scoreMessage(score)]),
    ...scores.map((score) => [score.sui_origin, originMessage(score)]),
    [sui, reportMessage(reportHash, newest)],
  ];
  insist(all.every(([both, bytes]) => fits(both, bytes, signer)), 'signature', 'a Sui signature does not fit');
  insist(new Set(all.map(([both]) => both.ed25519.public_key)).size === 1, 'signature', 'two ed25519 keys');
}

function verify(data, trusted, model) {
  const { attestation, report } = read(data);
  const words = wordsOf(report);
  const altered = Object.keys(words).find((word) => words[word] !== attestation.message[word]);
  insist(!altered, 'hash', `${altered} is of another report`);
  const signer = signerOf(attestation);
  insist(signer === attestation.signer, 'signature', 'made by another than the file says');
  insist(signer.toLowerCase() === trusted.toLowerCase(), 'signer', 'made by another than is trusted');
  checkScores(report, attestation);
  insist(model === null || report.model?.sha256 === model, 'model', 'made by another model');
}

function judge({ data, signer, model }) {
  try {
    verify(Buffer.from(data, 'base64'), signer, model);
    return { refused: null };
  } catch (error) {
    return error instanceof Refusal ? { refused: error.kind, why: error.message } : { bug: error.stack };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(judge(JSON.parse(line)))}\n`);
}
