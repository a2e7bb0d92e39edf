// The stock tools of a Sui developer on both sides: build the four messages, sign them, judge signatures of ours.
// One JSON request on each line of stdin, one JSON answer on each line of stdout; bytes are hex, a u64 is decimal text:
//   {"score", "timestamp_ms", "wallet", "report_hash", "secret", "seed"}, and for the last two messages
//   {"chain_id", "origin", "host", "chain_checked", "own_labels", "truncated"}
//     → {"score", "report", "given", "fetched": message, "secp256k1", "ed25519": {"public", "address", "signatures": [of each]}}
//   {"scheme", "public", "message", "signature"} → {"noble", "mysten": true, false or ["error", message]}
//   or {"error": message}
import { createInterface } from 'node:readline';
import { bcs } from '@mysten/bcs';
import { Ed25519Keypair, Ed25519PublicKey } from '@mysten/sui/keypairs/ed25519';
import { Secp256k1Keypair, Secp256k1PublicKey } from '@mysten/sui/keypairs/secp256k1';
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));

// as app/src/index.js of the earlier oracle had them; the name of a struct is not encoded
const IntentMessage = (payload) =>
  bcs.struct('IntentMessage', { intent: bcs.u8(), timestamp_ms: bcs.u64(), data: payload });
const Score = IntentMessage(bcs.struct('ScoreUpdatePayload', { score: bcs.u64(), wallet_address: bcs.string() }));
// examples/snippets/verify_score.move
const Given = IntentMessage(
  bcs.struct('GivenScorePayload', {
    score: bcs.u64(), wallet_address: bcs.string(), chain_id: bcs.u64(), origin: bcs.u8(), own_labels: bcs.u8(), truncated: bcs.bool(),
  }),
);
const Fetched = IntentMessage(
  bcs.struct('FetchedScorePayload', {
    score: bcs.u64(), wallet_address: bcs.string(), chain_id: bcs.u64(), origin: bcs.u8(), host: bcs.string(), chain_checked: bcs.bool(),
    own_labels: bcs.u8(), truncated: bcs.bool(),
  }),
);
const Report = IntentMessage(bcs.struct('ReportPayload', { report_hash: bcs.vector(bcs.u8()) }));

const SCHEMES = {
  secp256k1: {
    Keypair: Secp256k1Keypair,
    PublicKey: Secp256k1PublicKey,
    // the hash is ours, and the curve gets 32 bytes: nothing is left to a default
    noble: (signature, message, key) => secp256k1.verify(signature, sha256(message), key, { prehash: false, lowS: true }),
  },
  ed25519: {
    Keypair: Ed25519Keypair,
    PublicKey: Ed25519PublicKey,
    noble: (signature, message, key) => ed25519.verify(signature, message, key),
  },
};

const made = async ({ score, timestamp_ms, wallet, report_hash, secret, seed, chain_id, origin, host, chain_checked, ...rest }) => {
  const given = { score, wallet_address: wallet, chain_id, origin, own_labels: rest.own_labels, truncated: rest.truncated };
  const messages = [
    Score.serialize({ intent: 0, timestamp_ms, data: { score, wallet_address: wallet } }).toBytes(),
    Report.serialize({ intent: 1, timestamp_ms, data: { report_hash: unhex(report_hash) } }).toBytes(),
  ];
  if (chain_id !== undefined) {
    messages.push(Given.serialize({ intent: 2, timestamp_ms, data: given }).toBytes());
    messages.push(Fetched.serialize({ intent: 3, timestamp_ms, data: { ...given, origin: 3, host, chain_checked } }).toBytes());
  }
  const by = async ({ Keypair }, key) => {
    const pair = Keypair.fromSecretKey(unhex(key));
    return {
      public: hex(pair.getPublicKey().toRawBytes()),
      address: pair.getPublicKey().toSuiAddress(),
      // sign() of both takes raw bytes: no intent prefix, no BLAKE2b (those belong to signTransaction and
      // signPersonalMessage); the secp256k1 one hashes with SHA-256 inside @noble/curves
      signatures: await Promise.all(messages.map(async (message) => hex(await pair.sign(message)))),
    };
  };
  return {
    ...Object.fromEntries(['score', 'report', 'given', 'fetched'].map((name, at) => [name, messages[at] && hex(messages[at])])),
    secp256k1: await by(SCHEMES.secp256k1, secret),
    ed25519: await by(SCHEMES.ed25519, seed),
  };
};

const judged = async ({ scheme, ...rest }) => {
  const { PublicKey, noble } = SCHEMES[scheme];
  const [key, message, signature] = [rest.public, rest.message, rest.signature].map(unhex);
  const verdict = (judge) => new Promise((done) => done(judge())).catch((error) => ['error', error.message]);
  return {
    noble: await verdict(() => noble(signature, message, key)),
    // verify() with a Uint8Array takes r | s over the raw message: Secp256k1PublicKey hands both to @noble/curves with
    // its defaults (SHA-256, low s), Ed25519PublicKey without a hash; only verifyWithIntent would put BLAKE2b before
    mysten: await verdict(() => new PublicKey(key).verify(message, signature)),
  };
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const done = await (request.scheme ? judged(request) : made(request)).catch((error) => ({ error: `${error}` }));
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
