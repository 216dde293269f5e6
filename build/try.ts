import { measureDigits, measureMails } from './bench/federated-learning.ts';

if (process.argv[2] === 'digits') console.log(JSON.stringify(await measureDigits(), null, 1));
else console.log(JSON.stringify(await measureMails(), null, 1));
