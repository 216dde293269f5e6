import { z } from 'zod';
import { AppError } from '#contract/errors.ts';

/** How the hub and its mirrors are reached. */
export interface HubSettings {
  /** Origins, tried in turn. */
  hubs: readonly string[];
  /** `http://host:port` of a proxy; null for none. */
  proxy: string | null;
}

export type Fetcher = (
  url: string,
  init: { headers?: Record<string, string>; signal: AbortSignal },
) => Promise<Response>;

/** A file as the hub describes it, and where its bytes are. */
export interface HubFile {
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
  urls: string[];
}

const infoSchema = z.object({
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: z.int().positive().optional(),
      lfs: z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().positive() }).nullish(),
    }),
  ),
});
const answerLimitMs = 20_000;

/** Fetches through the proxy, where one is set; its client is loaded only then, since it takes memory. */
export function createFetcher(proxy: string | null): Fetcher {
  if (proxy === null) return (url, init) => fetch(url, { ...init, redirect: 'follow' });
  const client = import('undici').then((undici) => ({ ...undici, agent: new undici.ProxyAgent(proxy) }));
  return async (url, init) => {
    const { fetch: fetchBy, agent } = await client;
    return (await fetchBy(url, { ...init, redirect: 'follow', dispatcher: agent })) as unknown as Response;
  };
}

/**
 * Asks the hub (`GET /api/models/<repo>?blobs=true`) for a file's size and sha256, mirrors after it.
 * Rejects with `models/gated`, `models/download-failed`.
 */
export async function findHubFile(
  { repo, file }: { repo: string; file: string },
  { hubs }: Pick<HubSettings, 'hubs'>,
  fetcher: Fetcher,
  signal: AbortSignal,
): Promise<HubFile> {
  let failure: AppError | null = null;
  for (const hub of hubs) {
    try {
      const found = await ask(hub, repo, file, fetcher, signal);
      return { ...found, urls: hubs.map((origin) => `${origin}/${repo}/resolve/main/${file}`) };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof AppError)) throw thrown;
      failure ??= thrown;
    }
  }
  throw failure ?? new AppError('models/download-failed', 'No hub is set.');
}

async function ask(hub: string, repo: string, file: string, fetcher: Fetcher, signal: AbortSignal) {
  const failed = (why: string, cause?: unknown) =>
    new AppError('models/download-failed', `${new URL(hub).host}: ${why}.`, { cause });
  const response = await fetcher(`${hub}/api/models/${repo}?blobs=true`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]),
  }).catch((cause: unknown) => {
    throw failed('it does not answer', cause);
  });
  if (response.status === 401 || response.status === 403)
    throw new AppError('models/gated', `The hub wants its terms for ${repo} to be accepted first.`);
  if (!response.ok)
    throw failed(response.status === 404 ? `it has no ${repo}` : `it answers ${response.status}`);
  const info = infoSchema.safeParse(await response.json().catch(() => null));
  if (!info.success) throw failed('its answer is none');
  const found = info.data.siblings.find(({ rfilename }) => rfilename === file);
  if (!found?.lfs) throw failed(`${repo} has no file ${file}`);
  return { sizeBytes: found.lfs.size, sha256: found.lfs.sha256 };
}
