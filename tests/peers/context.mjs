// What iExec's iapp would send to docker: dockerode's own buildImage, against a daemon that only listens.
//   node context.mjs FOLDER names|dot    the gzipped tar on stdout
// names: iapp 1.3.3 and later pass the names at the root (cli/src/execDocker/docker.ts); dot: those before passed './'
import { readdir } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';

const [context, way] = process.argv.slice(2);
const socketPath = join(mkdtempSync(join(tmpdir(), 'peers-')), 'socket');
process.on('exit', () => rmSync(join(socketPath, '..'), { recursive: true }));

const sent = new Promise((resolve) => {
  const daemon = createServer(async (request, response) => {
    const body = await buffer(request);
    response.end('{}');
    daemon.close();
    resolve(body);
  }).listen(socketPath);
});
const src = way === 'dot' ? ['./'] : await readdir(context);
(await new Docker({ socketPath }).buildImage({ context, src }, { platform: 'linux/amd64', pull: true })).resume();
process.stdout.write(await sent);
