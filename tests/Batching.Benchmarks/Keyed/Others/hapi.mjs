// bassmaster as its README has it, in hapi. It calls routes of its own server, and these call the API.
import { createRequire } from 'node:module';
import { Pool } from 'undici';

const require = createRequire(import.meta.url);
const hapi = require('@hapi/hapi');

const [port, upstream] = process.argv.slice(2);
const api = new Pool(`http://127.0.0.1:${upstream}`, { connections: 64 });
const server = hapi.server({ port: Number(port), host: '127.0.0.1' });
await server.register(require('bassmaster'));
server.route({
  method: 'GET',
  path: '/{path*}',
  async handler(request, h) {
    const { statusCode, headers, body } = await api.request({ method: 'GET', path: request.path });
    return h.response(await body.json()).code(statusCode).type(headers['content-type']);
  },
});
await server.start();
