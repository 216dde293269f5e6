import * as f from './bench/federated-learning.ts';
const variants: [string, object][] = JSON.parse(process.argv[2] ?? '[]');
for (const [name, change] of variants) {
  const r = await f.measureMails(change as never, true);
  console.log(name, JSON.stringify(r.private.accuracy.map((x: number) => +x.toFixed(3))), r.private.epsilon.toFixed(2), r.private.secondsARound.toFixed(1));
}
