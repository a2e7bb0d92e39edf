// What an SDK's own validators say of the three files in each folder: node validate.mjs SDK FOLDER…
// Prints a list of {iexec, chain, deployed}: null, or the error's message.
import { pathToFileURL } from 'node:url';

const [sdk, ...folders] = process.argv.slice(2);
const load = (path) => import(`${pathToFileURL(sdk)}/dist/esm/${path}`);
const { loadIExecConf, loadChainConf, loadDeployedConf } = await load('cli/utils/fs.js');
const { appSchema } = await load('common/utils/validator.js');

const refusal = (work) => work().then(() => null, (error) => `${error?.message ?? error}`);
const said = [];
for (const folder of folders) {
  process.chdir(folder); // the loaders look in the working directory
  said.push({
    iexec: await refusal(async () => appSchema().validate((await loadIExecConf()).app)),
    chain: await refusal(loadChainConf),
    deployed: await refusal(loadDeployedConf),
  });
}
process.stdout.write(JSON.stringify(said));
process.exit(0);
