import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { createServer } from 'vite';
import { root } from './places.ts';

export interface PreviewPages {
  /** Address of the pages on sample data; `wish` is what stands behind the question mark, with the page's own part. */
  url(wish: string): string;
  close(): Promise<void>;
}

/** Serves the pages on sample data, without a host. */
export async function servePreview(): Promise<PreviewPages> {
  const server = await createServer({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [react(), tailwind()],
    server: { port: 0, host: '127.0.0.1' },
  });
  await server.listen();
  return {
    url: (wish) => `${server.resolvedUrls?.local[0]}src/testing/preview/?${wish}`,
    close: () => server.close(),
  };
}
