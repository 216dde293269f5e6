import type { Bridge } from '#contract/bridge.ts';
import { createClient } from '#contract/transport.ts';
import { webSocketTransport } from './web-socket-transport.ts';

const { bridge } = globalThis as { bridge?: Bridge };

/** The node host: through the desktop shell where there is one, else over a WebSocket. */
export const client = createClient(bridge ?? webSocketTransport());
export const isDesktop = bridge !== undefined;
