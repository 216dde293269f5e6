import { z } from 'zod';
import { plainStrategies } from '#contract/federated/rounds.ts';
import { localTrainingSchema, trainingTaskSchema } from '#contract/federated/task.ts';
import { priceLamportsSchema } from '#contract/money.ts';
import { dataSourceSchema } from '#contract/training-data.ts';

const nodes = z.int().min(1).max(1000);
const decay = z.number().min(0).lt(1);

/** How a round's updates become the new model. Defaults are those of the papers, or the network's where it names one. */
export const strategySettingsSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('fedavg') }),
  /** The nodes' μ is `training.proximal`; the server averages. */
  z.strictObject({ type: z.literal('fedprox') }),
  z.strictObject({ type: z.literal('scaffold'), serverRate: z.number().positive().max(10).default(1) }),
  z.strictObject({
    type: z.literal('fedadam'),
    rate: z.number().positive().max(10).default(0.01),
    beta1: decay.default(0.9),
    beta2: decay.default(0.99),
    tau: z.number().positive().max(1).default(1e-3),
  }),
  z.strictObject({
    type: z.literal('fedavgm'),
    rate: z.number().positive().max(10).default(1),
    momentum: decay.default(0),
  }),
  /** `kept` above 1 is Multi-Krum. */
  z.strictObject({
    type: z.literal('krum'),
    malicious: z.int().min(0).max(1000).default(0),
    kept: nodes.default(1),
  }),
  z.strictObject({ type: z.literal('trimmed-mean'), share: z.number().min(0).lt(0.5).default(0.2) }),
]);
export type StrategySettings = z.infer<typeof strategySettingsSchema>;

/** FedProx' μ where the task names none: the network's default. */
const defaultProximal = 0.01;

/** Data of the gateway's own computer. `validation` is the side of the split that nodes with the same data hold back. */
const heldOutSchema = z.strictObject({ source: dataSourceSchema, split: z.enum(['validation', 'all']) });
export type HeldOut = z.output<typeof heldOutSchema>;

/** One entry of a gateway's `tasks.json`. */
export const taskConfigSchema = z
  .strictObject({
    task: trainingTaskSchema,
    training: localTrainingSchema.prefault({}),
    strategy: strategySettingsSchema.default({ type: 'fedavg' }),
    secureAggregation: z.enum(['required', 'where-possible', 'off']).default('where-possible'),
    participants: z
      .strictObject({
        min: nodes.default(3),
        max: nodes.default(20),
        /** Of the nodes that are there, the share that is taken; never fewer than `min`. */
        fraction: z.number().positive().max(1).default(0.5),
        /** A node with less than this is not asked. */
        leastThreads: nodes.default(1),
        leastExamples: z.int().min(1).default(1),
      })
      .refine(({ min, max }) => min <= max, 'min is above max')
      .prefault({}),
    roundMinutes: z.number().positive().max(1440).default(15),
    /** Most that each stage but `update` takes. */
    stageSeconds: z.number().positive().max(3600).default(60),
    /** How long a round that has its least nodes waits for more. */
    graceSeconds: z.number().min(0).max(3600).default(15),
    pauseSeconds: z.number().min(0).max(86_400).default(10),
    /** Rounds in all; null goes on. A failed round is none. */
    rounds: z.int().min(1).nullable().default(null),
    rewardLamports: priceLamportsSchema,
    /** A node with more examples counts as one with this many, so that none outweighs all others by what it says. */
    mostWeight: z.int().min(1).max(1_000_000).default(1000),
    /** An update of a greater L2 norm is refused; null: the usual bound. Secure aggregation clips each value instead. */
    mostUpdateNorm: z.number().positive().nullable().default(null),
    /** What models are evaluated on; null: they are not. */
    heldOut: heldOutSchema.nullable(),
    /** Of the initial weights. */
    seed: z.int().min(0).max(0xffff_ffff).default(1),
  })
  .superRefine((config, context) => {
    const { strategy, secureAggregation, participants } = config;
    if (plainStrategies.includes(strategy.type) && secureAggregation !== 'off')
      context.addIssue({
        code: 'custom',
        path: ['secureAggregation'],
        message: `${strategy.type} looks at each update, which secure aggregation hides: switch it off`,
      });
    if (secureAggregation === 'required' && participants.max < leastSecureNodes)
      context.addIssue({
        code: 'custom',
        path: ['participants'],
        message: `secure aggregation needs at least ${leastSecureNodes} nodes`,
      });
  })
  .transform((config) =>
    config.strategy.type === 'fedprox' && config.training.proximal === 0
      ? { ...config, training: { ...config.training, proximal: defaultProximal } }
      : config,
  );
export type TaskConfig = z.output<typeof taskConfigSchema>;

/** With two nodes the sum shows each the other's update. */
export const leastSecureNodes = 3;
