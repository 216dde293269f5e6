import { createHandlers } from './handlers.ts';
import { type ContractServer, createContractServer } from './server/contract-server.ts';
import { createSources } from './sources.ts';

type Parts = Parameters<typeof createHandlers>[0] &
  Parameters<typeof createSources>[0] &
  Pick<Parameters<typeof createContractServer>[0], 'onFault'>;

/** All calls and streams of the contract over the host's parts. */
export const serveContract = (parts: Parts): ContractServer =>
  createContractServer({
    handlers: createHandlers(parts),
    sources: createSources(parts),
    onFault: parts.onFault,
  });
