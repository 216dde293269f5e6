import type { Context } from 'hono';
import { toAppError } from '#contract/result.ts';
import type { Books } from './books.ts';
import type { NodeSignatureCheck } from './node-signature.ts';
import { Refusal } from './refusal.ts';
import type { RegisteredNode } from './registry.ts';

/** Who calls `/nodes/…`: each refuses with 401 a call that its node's own key has not signed. */
export interface NodeCaller {
  node(id: string): RegisteredNode;
  /** Null for a call that is not signed. */
  signer(context: Context, body: Uint8Array): string | null;
  /** Of a registered node. */
  registered(context: Context): Promise<{ node: RegisteredNode; key: string; body: Uint8Array }>;
  /** Of a node id's owner, registered or not. */
  owner(context: Context): Promise<{ nodeId: string; key: string }>;
}

export function createNodeCaller(parts: {
  nodes: Map<string, RegisteredNode>;
  books: Pick<Books, 'ownerOf'>;
  checkSignature: NodeSignatureCheck;
}): NodeCaller {
  function node(id: string): RegisteredNode {
    const found = parts.nodes.get(id);
    if (!found) throw new Refusal(404, `node ${id} is not registered`);
    return found;
  }

  function signer(context: Context, body: Uint8Array): string | null {
    const { pathname, search } = new URL(context.req.url);
    try {
      return parts.checkSignature({
        method: context.req.method,
        path: pathname + search,
        header: (name) => context.req.header(name),
        body,
      });
    } catch (thrown) {
      throw new Refusal(401, toAppError(thrown).message);
    }
  }

  const idOf = (context: Context) => context.req.param('id') ?? '';
  const bodyOf = async (context: Context) => new Uint8Array(await context.req.arrayBuffer());
  const notOwn = () => new Refusal(401, 'this call needs the signature of the node’s own key');

  return {
    node,
    signer,
    async registered(context) {
      const body = await bodyOf(context);
      const found = node(idOf(context));
      const key = signer(context, body);
      if (key === null || key !== found.key) throw notOwn();
      return { node: found, key, body };
    },
    async owner(context) {
      const nodeId = idOf(context);
      const key = signer(context, await bodyOf(context));
      const owner = parts.books.ownerOf(nodeId);
      if (owner === null) throw new Refusal(404, `node ${nodeId} is not known`);
      if (key === null || key !== owner) throw notOwn();
      return { nodeId, key };
    },
  };
}
