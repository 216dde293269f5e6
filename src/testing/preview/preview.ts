import { solUnit } from '#contract/assets.ts';
import type { Bridge } from '#contract/bridge.ts';
import type { Totals } from '#contract/earnings.ts';
import { AppError } from '#contract/errors.ts';
import type { Job } from '#contract/job.ts';
import type { LinkState } from '#contract/node-status.ts';
import { defaultSettings, type Settings, settingsSchema } from '#contract/settings.ts';
import { type MemoryTransport, memoryTransport } from '../memory-transport.ts';
import { proxyAnswers } from './proxy-answers.ts';
import {
  payer,
  sampleBenchmark,
  sampleCatalogue,
  sampleDownloads,
  sampleEngine,
  sampleJobs,
  sampleModels,
  sampleResources,
} from './sample-data.ts';
import {
  sampleBook,
  sampleBreakdown,
  sampleDetail,
  samplePayers,
  samplePayments,
  sampleSums,
  sampleYear,
} from './sample-earnings.ts';
import { sampleProviderTotals, sampleProxy } from './sample-proxy.ts';
import { sampleEnergy, sampleHybrid, samplePower, samplePreview, samplePrograms } from './sample-sharing.ts';
import { sampleHost, sampleReasons, sampleStates } from './sample-states.ts';
import { sampleCurve, sampleHistory, sampleSources, sampleTraining } from './sample-training.ts';
import { usdc } from './sample-wallet.ts';
import { sampleTrainingNode } from './training-answers.ts';
import { walletAnswers } from './wallet-answers.ts';

/**
 * The app's pages on sample data, without a host. The address chooses what is shown:
 * `?state=paused&training=uploading&theme=light&money=sol|usdc&link=away&wallet=connected&cluster=devnet&desktop&fresh&obstacle`, and of
 * the host `&host=failed`, of sharing the machine `&hybrid=switching&gpus=2&power=loss&price&anyway&held&in-use&manners={"mostTempC":80}`.
 */
const wish = new URLSearchParams(location.search);
const now = Date.now();
const wanted = wish.get('state') ?? 'earning';
const wantedTraining = wish.get('training') ?? 'training';
const paidIn = wish.get('money') ?? 'test-credits';
const testCredits = paidIn !== 'sol' && paidIn !== 'usdc';
const unit = paidIn === 'usdc' ? usdc : solUnit;
const isFresh = wish.has('fresh');
const states = sampleStates(now);
const gpus = Number(wish.get('gpus') ?? 1);
const network = testCredits ? 'test-credits' : (wish.get('cluster') ?? 'devnet');
/** `?entries=1000000`: so many in the ledger. */
let entryCount = isFresh ? 0 : Number(wish.get('entries') ?? 40);
const money = { network, unit };
let book = sampleBook(entryCount, now, money);

const link: LinkState =
  wish.get('link') === 'away'
    ? {
        state: 'away',
        url: 'http://127.0.0.1:8200',
        error: { code: 'link/unreachable', message: 'The gateway at 127.0.0.1:8200 does not answer.' },
        retryAt: now + 15_000,
      }
    : wanted === 'earning'
      ? {
          state: 'registered',
          url: 'http://127.0.0.1:8200',
          since: now - 5_400_000,
          latencyMs: 41,
          extensions: ['streaming', 'receipts'],
          network: 'test-credits',
        }
      : { state: 'off' };

const theme = settingsSchema.shape.theme.catch('dark').parse(wish.get('theme'));
let settings: Settings = {
  ...defaultSettings,
  onboarded: !wish.has('onboarding'),
  theme,
  payoutAddress: wish.get('wallet') === 'none' ? null : payer,
  payoutBy: wish.has('cluster') ? 'claim' : 'gateway',
  takePartInTraining: wantedTraining !== 'off',
  ...(wish.has('price') ? { powerMicroUsdPerKwh: 300_000 } : {}),
  ...JSON.parse(wish.get('manners') ?? '{}'),
};
let hybrid = sampleHybrid(now, wish.get('hybrid') ?? (wanted === 'earning' ? 'both' : 'none'), gpus > 0);
let earnAnywayUntil: number | null = wish.has('anyway') ? now + 25 * 60_000 : null;
let state = states[wanted] ?? { state: 'stopped' };

const proxy = sampleProxy(now, isFresh);
if (wish.has('obstacle')) {
  proxy.solPrice = { microUsd: 151_240_000, at: now - 22 * 60_000, isStale: true };
  proxy.obstacle = {
    code: 'proxy/price-stale',
    message: 'The price of a SOL is 22 minutes old: nothing is sold until there is a new one.',
  };
}

const training = sampleTraining(now, wantedTraining, isFresh);
const trainingNode = sampleTrainingNode(training, sampleSources, () => transport);

const payers = samplePayers(money);
const wallet = walletAnswers(wish, now, unit, () => transport);

const transport: MemoryTransport = memoryTransport({
  ...wallet.answers,
  ...proxyAnswers(proxy, (next) => transport.publish('proxy.status', next)),
  ...trainingNode.answers,
  'app.info': () => ({
    version: '0.1.0',
    machine: 'rig-01',
    platform: 'linux',
    profileDir: '/home/anna/.config/solanalm-node',
  }),
  'node.start': () => setState('earning'),
  'node.pause': ({ forMinutes }) => setState(forMinutes === undefined ? 'paused-open' : 'paused'),
  'node.resume': () => setState('earning'),
  'node.stop': () => setState('stopped'),
  'node.earnAnyway': ({ forMinutes }) => {
    earnAnywayUntil = forMinutes === 0 ? null : Date.now() + forMinutes * 60_000;
    return setState(forMinutes === 0 ? 'paused-schedule' : 'earning');
  },
  'hybrid.preview': ({ trainingSharePercent }) => samplePreview(trainingSharePercent, settings),
  'resources.energy': ({ days }) => (isFresh ? [] : sampleEnergy(now, days)),
  'resources.programs': () => samplePrograms,
  'settings.update': (patch) => {
    const parsed = settingsSchema.safeParse({ ...settings, ...patch });
    if (!parsed.success)
      throw new AppError('settings/invalid', parsed.error.issues[0]?.message ?? 'Not valid.');
    settings = parsed.data;
    transport.publish('settings.current', settings);
    trainingNode.follow(settings);
    transport.publish('resources.power', samplePower(now, wish.get('power') ?? '', settings));
    if (patch.trainingSharePercent !== undefined) followShare(patch.trainingSharePercent);
    return settings;
  },
  'network.check': ({ url }) => {
    throw new AppError('link/unreachable', `No SolanaLM gateway answers at ${url}.`);
  },
  'models.catalogue': () => sampleCatalogue,
  'servers.find': () => [{ kind: 'vllm', url: 'http://127.0.0.1:8000', models: ['Qwen/Qwen3-8B'] }],
  'access.key': () => ({ key: 'slm_sample_key_of_the_preview' }),
  'access.renewKey': () => ({ key: 'slm_another_key_of_the_preview' }),
  'earnings.entries': (input) => book.page(input),
  'earnings.names': () => ({
    models: ['digits', 'fast', 'llama-3.2-3b-Q4_K_M'],
    gateways: ['http://127.0.0.1:8200'],
  }),
  'earnings.providers': () => (isFresh ? [] : sampleProviderTotals),
  'earnings.breakdown': ({ by }) => (isFresh ? [] : sampleBreakdown(by, money)),
  'earnings.yearly': () => (isFresh ? [] : sampleYear(money)),
  'earnings.entry': ({ id }) => {
    const entry = book.entry(id);
    if (!entry) throw new AppError('request/not-found', `There is no entry ${id}.`);
    return sampleDetail(entry, wish.has('tampered'));
  },
  'payers.list': () => (isFresh ? [] : payers.map((one) => ({ ...one }))),
  'payers.block': ({ payer: blocked, blocked: isBlocked }) => {
    for (const one of payers) if (one.payer === blocked) one.isBlocked = isBlocked;
    return null;
  },
  'payers.writeOff': ({ payer: forgiven, amountLamports }) => {
    const left = (of: string) => `${BigInt(of) - BigInt(amountLamports)}`;
    for (const one of payers)
      if (one.payer === forgiven)
        Object.assign(one, {
          unvoucheredLamports: left(one.unvoucheredLamports),
          unsettledLamports: left(one.unsettledLamports),
          disputedLamports: left(one.disputedLamports),
          writtenOffLamports: amountLamports,
          limitReached: null,
        });
    return null;
  },
  'earnings.series': ({ bucket, count }) =>
    Array.from({ length: count }, (_, n) => {
      const [inference, training, proxy] = isFresh
        ? [0, 0, 0]
        : [
            Math.round(400_000 + 300_000 * Math.sin(n / 2) + n * 20_000),
            n % 5 === 3 ? 220_000 : 0,
            90_000 + n * 6_000,
          ];
      return {
        at: now - (count - n) * (bucket === 'hour' ? 3_600_000 : 86_400_000),
        netLamports: `${inference + training + proxy}`,
        jobs: isFresh ? 0 : 18 + n,
        byType: { inference: `${inference}`, training: `${training}`, proxy: `${proxy}` },
      };
    }),
  'resources.history': () =>
    Array.from({ length: 60 }, (_, n) => sampleResources(now - (60 - n) * 2_000, gpus)),
  'resources.hardware': () => ({
    cpuCores: 8,
    ramGb: 32,
    storageGb: 412,
    networkMbps: 1000,
    networkSource: 'measured',
    gpuModel: 'NVIDIA GeForce RTX 4070',
    gpuMemoryGb: 12,
  }),
});

/** The mode that a share leads to, by way of a switch. */
function followShare(share: number): void {
  const mode = share === 0 ? 'inference' : share === 100 ? 'training' : 'both';
  const reason = mode === 'both' ? 'both-fit' : 'slider';
  const startedAt = Date.now();
  const put = (next: typeof hybrid) => {
    hybrid = next;
    transport.publish('hybrid.status', hybrid);
  };
  put({
    ...hybrid,
    switching: { from: hybrid.mode, to: mode, step: 'draining', progress: 0.4, startedAt },
  });
  setTimeout(() => put({ ...hybrid, mode, reason, since: startedAt, switching: null }), 1500);
}

function setState(name: string): null {
  state = states[name] ?? { state: 'stopped' };
  transport.publish('node.status', {
    state,
    link,
    nodeId: 'node-7f3a',
    apiUrl: state.state === 'earning' ? 'http://127.0.0.1:8100' : null,
    model: { id: 'llama-3.2-3b-Q4_K_M', name: 'Llama 3.2 3B Instruct' },
    testCredits,
    earnAnywayUntil,
    limits: wish.has('in-use') ? 'in-use' : 'idle',
    heldBack: wish.has('held') ? sampleReasons(now).slice(2, 4) : [],
    startedAt: now - 273_600_000,
  });
  return null;
}

const totals = (jobs: number, netLamports: string): Totals =>
  isFresh
    ? { jobs: 0, tokens: 0, grossLamports: '0', feeLamports: '0', netLamports: '0' }
    : { jobs, tokens: jobs * 190, grossLamports: netLamports, feeLamports: '0', netLamports };

/** `?rows=10000&rate=50`: so many jobs, the newest of which change so many times a second, one event a change. */
function publishManyJobs(rows: number, rate: number): void {
  const jobs = Array.from(
    { length: rows },
    (_, n): Job => ({
      id: `many-${n}`,
      state: n < rate ? 'running' : 'waiting',
      model: 'llama-3.2-3b-Q4_K_M',
      kind: 'chat',
      source: 'gateway',
      client: payer,
      queuedAt: now - (rows - n) * 100,
      ...(n < rate ? { startedAt: now } : { position: n - rate + 1 }),
      generatedTokens: 0,
      maxTokens: 400,
    }),
  );
  transport.publish('queue.items', { type: 'snapshot', jobs });
  let next = 0;
  setInterval(() => {
    const job = jobs[next % rate];
    next += 1;
    if (!job) return;
    job.generatedTokens = (job.generatedTokens + 1) % 400;
    transport.tell('queue.items', { type: 'changed', jobs: [{ ...job }], removed: [] });
  }, 1000 / rate);
}

setState(wanted);
wallet.publish();
transport.publish('shell.host', sampleHost(wish.get('host') ?? 'running', now));
if (wish.get('host') !== 'starting') transport.publish('settings.current', settings);
transport.publish('models.list', sampleModels);
transport.publish('node.engines', [sampleEngine]);
transport.publish('models.benchmarks', [sampleBenchmark]);
transport.publish('downloads.list', isFresh ? [] : sampleDownloads);
transport.publish('servers.list', []);
transport.publish('proxy.status', proxy);
transport.publish('training.status', training);
transport.publish('training.history', sampleHistory(now, isFresh));
if (wantedTraining === 'moving') trainingNode.run();
transport.publish('training.data', sampleSources);
transport.publish(
  'training.curve',
  sampleCurve(['training', 'uploading', 'rewarded'].includes(training.state.state) ? 90 : 0),
);
transport.publish('resources.current', sampleResources(now, gpus));
transport.publish('resources.power', samplePower(now, wish.get('power') ?? '', settings));
transport.publish('hybrid.status', hybrid);
if (wish.has('rows')) publishManyJobs(Number(wish.get('rows')), Number(wish.get('rate') ?? 50));
else transport.publish('queue.items', { type: 'snapshot', jobs: isFresh ? [] : sampleJobs(now) });
transport.publish('earnings.changed', { latestId: entryCount, changes: 1 });
transport.publish('earnings.sums', sampleSums(isFresh, unit));
transport.publish('payouts.latest', isFresh || testCredits ? [] : samplePayments(now, unit));
transport.publish('notices', []);
// `?earn=200`: another entry each so many milliseconds.
let changes = 1;
if (wish.has('earn'))
  setInterval(
    () => {
      entryCount += 1;
      changes += 1;
      book = sampleBook(entryCount, Date.now(), money);
      transport.publish('earnings.changed', { latestId: entryCount, changes });
    },
    Number(wish.get('earn')),
  );
transport.publish('node.serving', {
  requestsPerMinute: isFresh ? 0 : 38,
  tokensPerSecond: isFresh ? 0 : 412.4,
  firstTokenMs: isFresh ? null : 180.4,
  successRate: isFresh ? null : 0.998,
  running: isFresh ? 0 : 3,
  waiting: isFresh ? 0 : 7,
  queueLimit: 100,
  completed: isFresh ? 0 : 1204,
});
transport.publish('earnings.summary', {
  network,
  ...unit,
  others: isFresh || testCredits ? [] : [{ network: 'test-credits', ...solUnit, netLamports: '89284' }],
  today: totals(402, '8412000'),
  last7Days: totals(2806, '58884000'),
  last30Days: totals(9120, '191520000'),
  all: totals(9120, '191520000'),
  byState: isFresh
    ? { earned: '0', agreed: '0', vouchered: '0', settled: '0', disputed: '0', unattributed: '0' }
    : {
        earned: '63000',
        agreed: '105000',
        vouchered: '357000',
        settled: '189000000',
        disputed: '1995000',
        unattributed: '0',
      },
  forecastLamports: isFresh ? null : '14200000',
  forecastAt: isFresh ? now + 300_000 : null,
  gatewayOwes: isFresh
    ? null
    : {
        lamports: '189462000',
        at: now - 20_000,
        agreedLamports: '189462000',
        waitingLamports: '63000',
      },
});

const bridge: Bridge = { ...transport, pathOfFile: () => '' };
Object.assign(globalThis, { bridge });
await import('../../renderer/main.tsx');
