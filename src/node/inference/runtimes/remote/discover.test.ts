import { expect, test } from 'vitest';
import { startRemoteServer } from '#testing/remote-servers.ts';
import { discoverServers } from './discover.ts';

test('servers on this computer are found with what they serve, and nothing else is', async () => {
  const servers = [
    await startRemoteServer('vllm'),
    await startRemoteServer('tensorrt-llm'),
    await startRemoteServer('triton'),
    await startRemoteServer('openai'),
  ];
  const closed = await startRemoteServer('vllm');
  await closed.close();
  servers[2]?.answer('POST /v2/repository/index', {
    body: '[{"name":"ensemble","version":"1","state":"READY"}]',
  });
  const found = await discoverServers([...servers, closed].map(({ port }) => port));
  expect(found.map(({ kind, models }) => [kind, models])).toEqual([
    ['vllm', ['qwen3']],
    ['tensorrt-llm', ['qwen3']],
    ['triton', ['ensemble']],
    ['openai', ['qwen3']],
  ]);
  for (const server of servers) await server.close();
});
