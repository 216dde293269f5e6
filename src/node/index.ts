import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '#contract/errors.ts';
import { unwrap } from '#contract/result.ts';
import { createHost } from './host.ts';
import type { Host } from './host-options.ts';
import { profileDir } from './profile-dir.ts';
import {
  connectShell,
  keepAwake,
  openShellVault,
  tellFault,
  tellPreparing,
  watchPresence,
} from './shell-channel.ts';
import { startFault } from './start-fault.ts';

const help = `solanalm-node <command> [options]

  serve               run the node (default)
    --ui              also serve the app's pages at a loopback address, printed with a one-time token
    --ui-port <port>  port for the pages (default 8180; 0 = any free one)
    --start           start earning at once
    --gateway <url>   work for this gateway from now on ("local" for the local test network)
    --payout <addr>   pay to this Solana address from now on
  models              list the models in the store
  models add <file>   add a GGUF file
  models remove <id>  remove a model
  earnings            print the sums of the ledger
  earnings csv        print every entry as CSV
  help                this text

  --profile <dir>     where settings, keys, models and the ledger are (default ${profileDir()})`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    profile: { type: 'string' },
    ui: { type: 'boolean', default: false },
    'ui-port': { type: 'string', default: '8180' },
    start: { type: 'boolean', default: false },
    /** Started by the desktop shell, which keeps the secrets. */
    shell: { type: 'boolean', default: false },
    gateway: { type: 'string' },
    payout: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [command = 'serve', ...rest] = positionals;
const dir = flags.profile ?? profileDir();

async function run(): Promise<void> {
  if (flags.help || command === 'help') return console.log(help);
  const host = await createHost({
    profileDir: dir,
    logLevel: command === 'serve' ? 'info' : 'silent',
    shell: watchPresence(Date.now),
    keepAwake,
    onLedgerUpgrade: tellPreparing,
    keyVault: flags.shell ? await openShellVault() : null,
  });
  if (command === 'serve') return serve(host);
  try {
    await runOnce(host);
  } finally {
    await host.dispose();
  }
}

const call = async (host: Host, name: string, input: unknown = {}): Promise<unknown> =>
  unwrap(await host.contract.request(name, input));

async function runOnce(host: Host): Promise<void> {
  const [verb, argument = ''] = rest;
  if (command === 'models' && verb === undefined) {
    for (const model of host.models.models.get())
      console.log(
        `${model.id}\t${model.sizeBytes}\t${model.problem?.code ?? (model.fits ? 'fits' : 'does not fit')}`,
      );
    return;
  }
  if (command === 'models' && verb === 'add')
    return void (await call(host, 'models.add', { path: argument }));
  if (command === 'models' && verb === 'remove')
    return void (await call(host, 'models.remove', { id: argument }));
  if (command === 'earnings' && verb === undefined) {
    const { network, asset } = host.ledger.lastMoney(null) ?? { network: 'test-credits', asset: 'SOL' };
    const { jobs, tokens, grossLamports, feeLamports, netLamports } = host.ledger.totals(0, asset, network);
    console.log(
      JSON.stringify({
        network,
        ...host.ledger.unitOf(asset),
        jobs,
        tokens,
        gross: `${grossLamports}`,
        fee: `${feeLamports}`,
        net: `${netLamports}`,
      }),
    );
    return;
  }
  if (command === 'earnings' && verb === 'csv') {
    for (let afterId: number | null = 0; afterId !== null; ) {
      const part = host.ledger.csvPart(afterId);
      if (!process.stdout.write(part.csv)) await once(process.stdout, 'drain');
      afterId = part.nextAfterId;
    }
    return;
  }
  throw new AppError('request/not-found', `There is no command “${positionals.join(' ')}”. Try “help”.`);
}

async function serve(host: Host): Promise<void> {
  const patch: Record<string, unknown> = {};
  if (flags.gateway !== undefined)
    patch.network = flags.gateway === 'local' ? { kind: 'local' } : { kind: 'gateway', url: flags.gateway };
  if (flags.payout !== undefined) patch.payoutAddress = flags.payout;
  if (flags.start) patch.onboarded = true;
  if (Object.keys(patch).length > 0) await call(host, 'settings.update', patch);

  const leave = async () => {
    await host.contract.request('node.stop', {});
    await host.dispose();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave());
  connectShell(host.contract, () => void leave());

  if (flags.ui) {
    const port = Number.parseInt(flags['ui-port'], 10);
    const { url } = await host.serveUi(join(import.meta.dirname, rendererPlace()), port);
    console.log(`SolanaLM Node runs headless. Open ${url}`);
  }
  const settings = host.settings.current.get();
  if (flags.start || (settings.onboarded && settings.startEarningOnLaunch))
    // As after a restart: a pause that was left goes on. Why it does not start stands in its state.
    await host.controller.start().catch(() => {});
}

/** The built pages, seen from the source folder or from the bundle in out/node. */
function rendererPlace(): string {
  return import.meta.url.endsWith('.ts') ? '../../out/renderer' : '../renderer';
}

run().catch(async (thrown: unknown) => {
  const fault = startFault(thrown, dir);
  console.error(fault?.error.message ?? thrown);
  if (fault) await tellFault(fault);
  process.exit(1);
});
