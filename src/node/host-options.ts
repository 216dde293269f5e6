import type { Resources } from '#contract/resources.ts';
import type { Hybrid } from './hybrid/hybrid.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { ModelStore } from './models/model-store.ts';
import type { NodeController } from './node-controller.ts';
import type { KeyVault } from './proxy/provider-keys.ts';
import type { ResourceProbe } from './resources/probe.ts';
import type { ShellWord } from './resources/surroundings.ts';
import type { ContractServer } from './server/contract-server.ts';
import type { UiServer } from './server/ui-server.ts';
import type { SettingsStore } from './settings-store.ts';
import type { Training } from './training/open-training.ts';

export interface Host {
  nodeId: string;
  contract: ContractServer;
  controller: NodeController;
  settings: SettingsStore;
  models: ModelStore;
  ledger: Ledger;
  training: Pick<Training, 'node'>;
  hybrid: Pick<Hybrid, 'status'>;
  apiKey(): string;
  serveUi(rendererDir: string, port: number): Promise<UiServer>;
  /** Stops at once what still runs; `node.stop` before it drains. */
  dispose(): Promise<void>;
}

/** What a host is started with. */
export interface HostOptions {
  profileDir: string;
  logLevel: 'info' | 'silent';
  /** What the desktop shell tells of who sits at this computer; null or absent without one. */
  shell?(): ShellWord | null;
  /** Who reads the machine; absent: this machine's own probe. */
  probe?: ResourceProbe;
  /** Keeps the computer from sleeping, or lets it; called when that changes. */
  keepAwake?(isOn: boolean): void;
  /** Told how far (0–1) an old ledger is brought up to date, which takes a while where it is large. */
  onLedgerUpgrade?(progress: number): void;
  /** Where providers' keys are kept; absent or null: a file that only this user reads. */
  keyVault?: KeyVault | null;
  /** Main memory and its use by all programs; absent: as the system tells. */
  ram?(): Resources['ram'];
}
