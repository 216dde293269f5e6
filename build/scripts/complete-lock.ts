/**
 * Adds to package-lock.json the other platforms' packages that a partial registry mirror does not list: `npm install`
 * leaves those out, and `npm ci` then refuses the lock file. Run it after `npm install` behind such a mirror.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  version?: string;
  cpu?: string[];
  os?: string[];
  libc?: string[];
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

const OS: Record<string, string> = { mac: 'darwin', win: 'win32' };
const OPERATING_SYSTEMS = [
  'android',
  'darwin',
  'mac',
  'freebsd',
  'linux',
  'openharmony',
  'win32',
  'win',
  'openbsd',
  'netbsd',
  'sunos',
  'aix',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'armv7l',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

/** What a platform package's name says of its platform: `@x/y-linux-arm64-musl` → linux, arm64, musl. */
const platformOf = (name: string): Pick<LockedPackage, 'cpu' | 'os' | 'libc'> | undefined => {
  const words = name.split(/[/-]/);
  const os = words.find((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (!os && !cpu) return undefined;
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(os && { os: [OS[os] ?? os] }),
    ...(libc && os === 'linux' && { libc }),
  };
};

const lockFile = new URL('../../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, LockedPackage> };
const added: string[] = [];
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[key] || !platform || !/^\d/.test(version)) continue;
    lock.packages[key] = { version, ...platform, ...(parent.dev && { dev: true }), optional: true };
    added.push(`${name}@${version}`);
  }
}
const [root, ...rest] = Object.entries(lock.packages);
if (root) lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))]);
writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  added.length === 0 ? 'The lock file was complete.' : `Added ${added.length}: ${added.join(', ')}`,
);
