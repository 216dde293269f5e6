import { expect, test } from 'vitest';
import { capabilitiesOf } from '#testing/network-node.ts';
import { candidates, registeredNode } from './registry.ts';

const node = (nodeId: string, change: Partial<ReturnType<typeof registeredNode>> = {}) => ({
  ...registeredNode(capabilitiesOf({ nodeId, url: 'http://127.0.0.1:1' }), null, 0),
  ...change,
});
const order = (nodes: ReturnType<typeof node>[]) =>
  candidates(nodes, nodes[0]?.capabilities.supported_models[0] ?? '').map(
    ({ capabilities }) => capabilities.node_id,
  );

test('a node at its turn of training is asked after those that are full, and one that rests not at all', () => {
  const busy = node('busy', { busy: true });
  const full = node('full', { running: 1000 });
  const resting = node('resting', { online: false });
  expect(order([busy, full, resting, node('free')])).toEqual(['free', 'full', 'busy']);
});
