import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { serverCommand } from './server-command.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

let running: ServerProcess | null = null;
afterEach(async () => {
  await running?.end();
  running = null;
});

const shell = (script: string) => ({ program: 'sh', args: ['-c', script] });
const isAlive = (pid: number) => {
  try {
    // One that has ended and that nobody has asked for yet is a zombie.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test('a server that ends by itself is started again, later each time', async () => {
  const time = createFakeClock();
  running = await startServerProcess(shell('echo started; exit 1'), time);
  for (const pause of [1000, 2000, 4000]) {
    await vi.waitFor(() => expect(time.nextMs()).toBe(pause));
    time.advance(pause);
  }
  await vi.waitFor(() => expect(running?.lines()).toEqual(['started', 'started', 'started', 'started']));
});

test('ending it ends what it started too', async () => {
  running = await startServerProcess(shell('sleep 60 & echo $!; wait'));
  await vi.waitFor(() => expect(running?.lines()).toHaveLength(1));
  const worker = Number(running.lines()[0]);
  expect(isAlive(worker)).toBe(true);
  await running.end();
  await vi.waitFor(() => expect(isAlive(worker)).toBe(false));
});

test('a program that is not there is told', async () => {
  await expect(startServerProcess({ program: 'no-such-server', args: [] })).rejects.toMatchObject({
    code: 'inference/load-failed',
    message: 'The program “no-such-server” is not on this computer.',
  });
});

test('the commands listen on loopback and leave memory to the screen', () => {
  const url = 'http://127.0.0.1:8000';
  const options = { contextSize: 8192, parallelRequests: 16 };
  expect(serverCommand({ kind: 'vllm', url, model: 'Qwen/Qwen3-8B' }, options)).toEqual({
    program: 'vllm',
    args: 'serve Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 --gpu-memory-utilization 0.8 --enable-prefix-caching --max-model-len 8192 --max-num-seqs 16'.split(
      ' ',
    ),
  });
  expect(
    serverCommand(
      { kind: 'tensorrt-llm', url, model: 'Qwen/Qwen3-8B' },
      { contextSize: 'auto', parallelRequests: 'auto' },
    ).args.join(' '),
  ).toBe('serve Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 --kv_cache_free_gpu_memory_fraction 0.8');
  expect(() => serverCommand({ kind: 'openai', url, model: 'x' }, options)).toThrow(
    'others you start yourself',
  );
});
