// node verify_viem.mjs result.json 0xTrustedSigner
import { readFileSync } from 'node:fs';
import { keccak256, stringToBytes, verifyTypedData } from 'viem';

const [path, trusted] = process.argv.slice(2);
const words = ['taskId', 'requestHash', 'modelHash', 'parametersHash', 'reportHash'];
const types = { Result: words.map((name) => ({ name, type: 'bytes32' })) };

const check = async () => {
  const text = readFileSync(path, 'utf8');
  const { report, attestation } = JSON.parse(text);
  const { message, signature } = attestation;
  const domain = { ...attestation.domain, name: 'sealed-llm', version: '1' };
  // RFC 8785 takes its strings and numbers from JSON.stringify, and parsed keys keep their order: none here is integer-like
  if (JSON.stringify({ attestation, report }) !== text) return 'refused: reformatted';
  if (keccak256(stringToBytes(JSON.stringify(report))) !== message.reportHash) return 'refused: another report';
  const signed = await verifyTypedData({ address: trusted, domain, types, primaryType: 'Result', message, signature });
  return signed ? 'OK' : 'refused: another signer, or an altered message';
};

const verdict = await check().catch((error) => `refused: ${error.message.split('\n')[0]}`);
console.log(verdict);
process.exitCode = verdict === 'OK' ? 0 : 1;
