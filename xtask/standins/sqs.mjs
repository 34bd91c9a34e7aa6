// fauxqs on loopback only: node serve.mjs PORT
import { buildApp } from 'fauxqs';

const app = buildApp({ logger: false, host: 'localhost' });
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
process.on('SIGTERM', () => process.exit(0));
