import type { ProxyConfig } from '#contract/provider.ts';

/** A model at a provider. */
export interface Target {
  provider: string;
  model: string;
  weight: number;
}

export const targetName = ({ provider, model }: Pick<Target, 'provider' | 'model'>): string =>
  `${provider}/${model}`;

/** What is known of an enabled provider. */
export interface KnownProvider {
  id: string;
  /** Models that it has and that have a price. */
  models: readonly string[];
}

/**
 * Where a public name leads, best first: the route of that name, the route with the longest matching beginning, `provider/model`, or
 * every provider that has a model of that very name. Empty where it leads nowhere.
 */
export function resolve(
  name: string,
  routes: ProxyConfig['routes'],
  providers: readonly KnownProvider[],
): Target[] {
  const enabled = (targets: Target[]) =>
    targets.filter(({ provider }) => providers.some(({ id }) => id === provider));
  const exact = routes.find((route) => route.name === name);
  if (exact) return enabled(exact.targets);
  const wildcard = routes
    .filter((route) => route.name.endsWith('*') && name.startsWith(route.name.slice(0, -1)))
    .sort((one, other) => other.name.length - one.name.length)[0];
  if (wildcard) {
    const rest = name.slice(wildcard.name.length - 1);
    return enabled(wildcard.targets.map((target) => ({ ...target, model: target.model.replace('*', rest) })));
  }
  const slash = name.indexOf('/');
  const owner = slash > 0 && providers.find(({ id }) => id === name.slice(0, slash));
  if (owner) return [{ provider: owner.id, model: name.slice(slash + 1), weight: 1 }];
  return providers
    .filter(({ models }) => models.includes(name))
    .map(({ id }) => ({ provider: id, model: name, weight: 1 }));
}

/** Names under which something is sold: routes, and the models of providers, bare and with their provider. */
export function publicNames(routes: ProxyConfig['routes'], providers: readonly KnownProvider[]): string[] {
  const names = new Set<string>();
  for (const { name } of routes)
    if (!name.endsWith('*') && resolve(name, routes, providers).length > 0) names.add(name);
  for (const { models } of providers) for (const model of models) names.add(model);
  for (const { id, models } of providers) for (const model of models) names.add(`${id}/${model}`);
  return [...names];
}
