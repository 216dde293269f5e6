import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a headless node keeps its settings, keys, models and ledger, unless `--profile` says otherwise. */
export function profileDir(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.SOLANALM_PROFILE) return env.SOLANALM_PROFILE;
  const home = homedir();
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'SolanaLM Node');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'SolanaLM Node');
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'solanalm-node');
}
