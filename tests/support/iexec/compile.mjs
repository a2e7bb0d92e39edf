// Print the creation code of DataProtector.sol, in hex.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(new URL('../../../contracts/package.json', import.meta.url))('solc');
const content = readFileSync(new URL('DataProtector.sol', import.meta.url), 'utf8');
const settings = { evmVersion: 'cancun', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } };
const input = { language: 'Solidity', sources: { 'DataProtector.sol': { content } }, settings };
const { errors, contracts } = JSON.parse(solc.compile(JSON.stringify(input)));
if (errors) throw new Error(errors.map((one) => one.formattedMessage).join('\n'));
process.stdout.write(contracts['DataProtector.sol'].DataProtector.evm.bytecode.object);
