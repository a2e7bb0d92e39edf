// What examples/deploy/*.mjs make of a request.json, as a protectedData by iExec's own code: the zip on stdout.
//   node storable.mjs request.json
import { readText, requestOf } from '../../examples/deploy/request.mjs';
import { run } from '../../examples/deploy/desk.mjs';
import { createZipFromObject, ensureDataObjectIsValid } from './node_modules/@iexec/dataprotector/dist/src/utils/data.js';

await run('node storable.mjs request.json', async ([file]) => {
  const data = requestOf(readText(file), file);
  ensureDataObjectIsValid(data);
  const zip = Buffer.from(await createZipFromObject(data));
  await new Promise((done) => process.stdout.write(zip, done));
});
