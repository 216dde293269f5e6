/** Takes as many bytes of memory as its argument says and touches each page; ends when it is told to, or with its parent. */
const wanted = Number(process.argv[2]);
const partBytes = 64 * 1024 * 1024;
const parts: Buffer[] = [];
for (let taken = 0; taken < wanted; taken += partBytes)
  parts.push(Buffer.alloc(Math.min(partBytes, wanted - taken), 1));
process.send?.({ type: 'taken', bytes: parts.reduce((sum, { length }) => sum + length, 0) });
// What is still to be looked at is not collected.
process.on('message', () => process.exit(parts.length > 0 ? 0 : 1));
process.on('disconnect', () => process.exit(0));
