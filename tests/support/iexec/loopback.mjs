// For `node --import`, in front of iExec's clients: nothing but this machine can be reached, and no time is lost.
import dns from 'node:dns';

const { lookup } = dns;
dns.lookup = (host, ...rest) => {
  if (['localhost', '127.0.0.1'].includes(host)) return lookup(host, ...rest);
  return process.nextTick(rest.at(-1), Object.assign(new Error(`${host} is not on this machine`), { code: 'ENOTFOUND' }));
};

// ethers looks for a new block every 4 seconds, the SDK at a task every 5
const HASTE = { 4000: 100, 5000: 300 };
for (const name of ['setTimeout', 'setInterval']) {
  const timer = globalThis[name];
  globalThis[name] = (work, delay, ...rest) => timer(work, HASTE[delay] ?? delay, ...rest);
}
