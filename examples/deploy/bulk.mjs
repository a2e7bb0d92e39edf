// One order for many protected requests: a task for each PER_TASK of them, with one signed result that has an entry for each.
import { onStatusUpdate, address, checkedArgs, connect, keep, print, refuse, run, tell } from './desk.mjs';

const USAGE = `
node bulk.mjs 0xAPP 0xPROTECTED_DATA…

Their owners must have granted the app and this wallet's user access in bulk (protect.mjs … bulk). Settings as in ask.mjs, and
ARGS ("--max-tokens 64") for all of them, PER_TASK (100, the most).`;

await run(USAGE, async ([app, ...wanted]) => {
  const { ARGS: args = '--max-tokens 64', PER_TASK = '100' } = process.env;
  address(app, '0xAPP');
  checkedArgs(args);
  if (!wanted.length) refuse('no protected data is named', 'the addresses that protect.mjs printed');
  for (const one of wanted) address(one, one);
  if (!/^\d+$/.test(PER_TASK) || PER_TASK < 1 || PER_TASK > 100) refuse('PER_TASK is no number from 1 to 100', 'PER_TASK=100');
  const { core, user, order, rpc } = await connect();
  const bulkAccesses = [];
  for (const protectedData of wanted) {
    const { grantedAccess } = await core.getGrantedAccess({ protectedData, authorizedApp: app, authorizedUser: user, bulkOnly: true });
    if (!grantedAccess.length) refuse(`no access in bulk to ${protectedData}`, `protect.mjs request.json ${app} ${user} bulk`);
    bulkAccesses.push(grantedAccess[0]);
  }
  const { bulkRequest, pemPrivateKey } = await core.prepareBulkRequest({
    bulkAccesses,
    app,
    args,
    maxProtectedDataPerTask: Number(PER_TASK),
    onStatusUpdate,
    ...order,
  });
  const { tasks } = await core.processBulkRequest({
    bulkRequest,
    workerpool: order.workerpool,
    pemPrivateKey,
    path: 'result.json',
    waitForResult: true,
    onStatusUpdate,
  });
  const codes = tasks.map(({ taskId, bulkIndex, result, error }) => {
    if (result) return keep(result, { taskId, app, rpc, file: `result-${bulkIndex}.json` });
    print({ taskId, file: null, error: error?.message });
    tell(`task ${taskId}: ${error?.message ?? 'no result'}`);
    return 1;
  });
  return Math.max(...codes);
});
