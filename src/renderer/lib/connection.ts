import { create } from 'zustand';

/** How the page reaches the node: `refused` when this browser has no session with it. */
export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export const useConnection = create<{ state: Connection }>(() => ({ state: 'connecting' }));
export const setConnection = (state: Connection) => useConnection.setState({ state });
