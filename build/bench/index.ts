import { parseArgs } from 'node:util';

/** `npm run bench -- <name> [--json]`, and `--switches <n>` of `switch`. Figures are printed, never asserted: machines are noisy. */
export interface BenchOptions {
  json: boolean;
  /** Of `switch`: how often there and back. */
  switches: number;
}
type Bench = { run(options: BenchOptions): Promise<unknown> };

const benches: Record<string, () => Promise<Bench>> = {
  'first-lamport': () => import('./first-lamport.ts'),
  serving: () => import('./serving.ts'),
  proxy: () => import('./proxy.ts'),
  training: () => import('./training.ts'),
  host: () => import('./host.ts'),
  federated: () => import('./federated.ts'),
  switch: () => import('./switch.ts'),
  probes: () => import('./probes.ts'),
  ledger: () => import('./ledger.ts'),
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    switches: { type: 'string', default: '100' },
  },
});
const load = benches[positionals[0] ?? ''];
if (!load) {
  console.error(`Usage: npm run bench -- <${Object.keys(benches).join('|')}> [--json]`);
  process.exit(2);
}
const result = await (await load()).run({
  json: flags.json,
  switches: Math.max(1, Number(flags.switches) || 100),
});
console.log(flags.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
