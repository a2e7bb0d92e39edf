// What is asked, as dataProtector can store it: no lists, no null. `simulate --file` does the same (app/simulate/order.py).
import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { LosslessNumber, parse, stringify } from 'lossless-json'; // numbers as written: 10 ether in wei are no JavaScript number
import { refuse } from './desk.mjs';

const schema = JSON.parse(readFileSync(new URL('../../schema/request-v1.schema.json', import.meta.url), 'utf8'));
const FIELDS = Object.keys(schema.properties);
const OPTIONS = Object.keys(schema.$defs.Options.properties);
const ELSEWHERE = { source: 'a requester secret: it holds a key', callback: 'the args: --callback' };

/** Return the text of a file, or of standard input for `-`. */
export const readText = (path) => {
  let bytes;
  try {
    bytes = readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    refuse(`${path} cannot be read (${error.code ?? error.message})`, 'name a file that is there, or - for standard input');
  }
  if (!bytes.length) refuse(`${path} is empty`, 'it holds the request, a JSON object as in docs/reference/request.md, or a text');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // which drops a BOM
  } catch {
    refuse(`${path} is no UTF-8 text`, 'save it as UTF-8 text, CSV or JSON: other formats are not read');
  }
};

/** Return the request in a JSON text, storable. `name` is what messages call it. */
export const requestOf = (text, name) => {
  const fields = fieldsOf(text, name);
  const unknown = Object.keys(fields).filter((field) => !FIELDS.includes(field));
  for (const field of unknown) refuse(`${name}: ${field} is no field of a request`, meant(field, FIELDS));
  for (const field of Object.keys(fields).filter((field) => field in ELSEWHERE))
    refuse(`${name}: ${field} does not count in protected data`, `it goes into ${ELSEWHERE[field]}`);
  for (const field of Object.keys(isObject(fields.options) ? fields.options : {}))
    if (!OPTIONS.includes(field)) refuse(`${name}: options.${field} is no option`, meant(field, OPTIONS));
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, storable(value, `${name}: ${field}`)]));
};

/** Return lists, and objects that are no options, as JSON text; numbers and booleans as the SDK takes them. */
const storable = (value, name) => {
  if (value === null) refuse(`${name} is null, which dataProtector cannot store`, 'leave the field out');
  if (value instanceof LosslessNumber) return numberOf(value, name);
  if (Array.isArray(value)) return stringify(value);
  if (!isObject(value)) return value;
  if (!Object.keys(value).every((key) => OPTIONS.includes(key))) return stringify(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, storable(inner, `${name}.${key}`)]));
};

const numberOf = (value, name) => {
  const number = Number(value.value);
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)))
    refuse(`${name} is too large for a number`, 'write it as text');
  return number;
};

const fieldsOf = (text, name) => {
  let fields;
  try {
    fields = parse(text, (key, value) => {
      if (typeof value === 'string' && !value.isWellFormed()) throw new SyntaxError(`half a surrogate pair in ${key}`);
      return value;
    });
  } catch (error) {
    const [, message, at] = /^(.*?)(?: at position (\d+))?$/s.exec(error.message);
    const lines = text.slice(0, at ?? 0).split('\n');
    const place = at ? `, line ${lines.length}, column ${lines.at(-1).length + 1}` : '';
    refuse(`${name}${place}: ${message.replace(/\s+/g, ' ')}`, 'a request is one JSON object, as in docs/reference/request.md');
  }
  if (!isObject(fields)) refuse(`${name} is no JSON object`, 'write {"prompt": "…"}; questions and answers: see `Questionnaires`');
  if (!Object.keys(fields).length) refuse(`${name} asks nothing`, 'write {"prompt": "…"}');
  return fields;
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const meant = (name, known) => {
  const nearest = closest(name.toLowerCase(), known);
  const near = distance(name.toLowerCase(), nearest) <= Math.max(1, Math.floor(name.length / 4));
  return near ? `did you mean ${nearest}?` : `known: ${known.join(' ')}`;
};
