import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { type RemoteServer, remoteServerSchema, type ShownServer } from '#contract/remote-server.ts';
import { createSignal, type Signal } from '../signal.ts';
import { storeDocument } from '../stored-document.ts';

const listSchema = z.array(remoteServerSchema);

/** Models that other programs serve. Their keys lie in a file that only this user reads, and go nowhere else. */
export interface ServerList {
  shown: Signal<ShownServer[]>;
  get(id: string): RemoteServer | undefined;
  /** Throws `models/already-there` or `disk/full`. */
  add(server: RemoteServer): ShownServer;
  remove(id: string): void;
}

/** The id under which a server's model is offered: the model's name, and where it is. */
export const serverModelId = ({ model, url }: RemoteServer): string => `${model}@${new URL(url).host}`;

export function openServerList(file: string): ServerList {
  let servers = read(file);
  const shown = createSignal(servers.map(show));

  function store(next: RemoteServer[]): void {
    storeDocument(file, listSchema, next);
    servers = next;
    shown.set(servers.map(show));
  }

  const get = (id: string) => servers.find((server) => serverModelId(server) === id);
  return {
    shown,
    get,
    add(server) {
      const id = serverModelId(server);
      if (get(id))
        throw new AppError('models/already-there', `There is a model “${id}” already.`, { data: { id } });
      store([...servers, server]);
      return show(server);
    },
    remove: (id) => store(servers.filter((server) => serverModelId(server) !== id)),
  };
}

function show(server: RemoteServer): ShownServer {
  const { apiKey, ...rest } = server;
  return { ...rest, id: serverModelId(server), hasKey: apiKey !== undefined };
}

function read(file: string): RemoteServer[] {
  try {
    return listSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}
