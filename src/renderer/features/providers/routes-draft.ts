import { type ProxyConfig, type Route, routeSchema } from '#contract/provider.ts';
import { parseDecimal } from '../../lib/decimal.ts';

export interface TargetDraft {
  key: number;
  provider: string;
  model: string;
  weight: string;
}

/** A route as its rows hold it; `key` stays while a row moves. */
export interface RouteDraft {
  key: number;
  name: string;
  targets: TargetDraft[];
}

let lastKey = 0;
const newKey = () => ++lastKey;

export const emptyTarget = (provider: string): TargetDraft => ({
  key: newKey(),
  provider,
  model: '',
  weight: '1',
});
export const emptyRoute = (provider: string): RouteDraft => ({
  key: newKey(),
  name: '',
  targets: [emptyTarget(provider)],
});

export const routesDraftOf = (routes: ProxyConfig['routes']): RouteDraft[] =>
  routes.map(({ name, targets }) => ({
    key: newKey(),
    name,
    targets: targets.map((target) => ({ ...target, key: newKey(), weight: String(target.weight) })),
  }));

export type RouteProblem = 'name' | 'twice' | 'targets' | 'model' | 'weight';

/** What is wrong with a route, first things first; null: nothing. */
export function routeProblem(route: RouteDraft, all: readonly RouteDraft[]): RouteProblem | null {
  const name = route.name.trim();
  if (all.some((other) => other.key !== route.key && other.name.trim() === name)) return 'twice';
  const parsed = routeSchema.safeParse(routeOf(route));
  if (parsed.success) return null;
  const [part, , field] = parsed.error.issues[0]?.path ?? [];
  if (part === 'name') return 'name';
  return field === 'model' || field === 'weight' ? field : 'targets';
}

export const routeOf = ({ name, targets }: RouteDraft): Route => ({
  name: name.trim(),
  targets: targets.map(({ provider, model, weight }) => ({
    provider,
    model: model.trim(),
    weight: parseDecimal(weight, 0) ?? Number.NaN,
  })),
});

/** The list with one of its items a place up (-1) or down (1). */
export function moved<T>(list: readonly T[], index: number, by: -1 | 1): T[] {
  const next = [...list];
  const [item] = next.splice(index, 1);
  if (item !== undefined) next.splice(index + by, 0, item);
  return next;
}
