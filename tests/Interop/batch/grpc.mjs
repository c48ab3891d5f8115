// The gateway as grpc-js calls it, from the protos.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { collect } from './story.mjs';

const [address, protos] = process.argv.slice(2);
const { host, protocol } = new URL(address);
const here = fileURLToPath(new URL('.', import.meta.url));
const { batch, grpc: published } = grpc.loadPackageDefinition(loader.loadSync(
  ['batch/v1/batch_service.proto', 'batch/v1/keyed_batch_service.proto', 'grpc/health/v1/health.proto'],
  { includeDirs: [protos, here], longs: Number, enums: String, defaults: true, oneofs: true },
));
const credentials = protocol === 'https:'
  ? grpc.credentials.createSsl(readFileSync(process.env.INTEROP_ROOT))
  : grpc.credentials.createInsecure();
const services = [];

/** A client of a service: a connection of its own, with what the options say. */
function connect(Service, options) {
  services.push(new Service(host, credentials, options));
  return services.at(-1);
}

const rpcTypes = new protobuf.Root();
rpcTypes.resolvePath = (_, target) => (target.startsWith('google/') ? `${protos}/${target}` : target);
rpcTypes.loadSync(['google/rpc/status.proto', `${here}error_details.proto`]);

/** Health, as the contract of gRPC has it. */
export const health = connect(published.health.v1.Health);

/** Ends all connections. */
export const close = () => services.forEach((service) => service.close());

/** A unary call as a promise that rejects with the gRPC status. */
export const unary = (service, name, request, metadata = new grpc.Metadata(), deadline = 60_000) =>
  new Promise((resolve, reject) => {
    service[name](request, metadata, { deadline: Date.now() + deadline },
      (error, response) => (error ? reject(error) : resolve(response)));
  });

/** All calls of one credential. */
export function client(authorization, options = {}) {
  const metadata = (fields = {}) => {
    const all = new grpc.Metadata();
    all.set('authorization', authorization);
    for (const [name, text] of Object.entries(fields)) all.set(name, text);
    return all;
  };
  const service = connect(batch.v1.BatchService, options);
  const keyed = connect(batch.v1.KeyedBatchService, options);
  const of = (name) => (request, deadline) => unary(service, name, request, metadata(), deadline);
  return {
    metadata,
    keyed,
    create: of('createBatch'),
    status: of('getBatchStatus'),
    fetch: of('fetchBatch'),
    list: of('listBatches'),
    cancel: of('cancelBatch'),
    delete: of('deleteBatch'),
    run: (calls, deadline) => unary(keyed, 'runBatch', { calls }, metadata(), deadline),
    results: (request, deadline = 60_000) =>
      service.fetchResults(request, metadata(), { deadline: Date.now() + deadline }),
    body: (request) => service.readBody(request, metadata(), { deadline: Date.now() + 60_000 }),
    upload: (messages) => new Promise((resolve, reject) => {
      const call = service.uploadBatch(metadata(), { deadline: Date.now() + 60_000 },
        (error, response) => (error ? reject(error) : resolve(response)));
      messages.forEach((message) => call.write(message));
      call.end();
    }),
  };
}

const value = (json) => {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(json)) return { listValue: { values: json.map(value) } };
  if (typeof json === 'object') return { structValue: struct(json) };
  return { [`${{ boolean: 'bool' }[typeof json] ?? typeof json}Value`]: json };
};
const struct = (object) => ({ fields: Object.fromEntries(Object.entries(object).map(([key, json]) => [key, value(json)])) });

/** The story's calls as messages; a body is JSON unless it is bytes already. */
export const requests = (calls) => calls.map(({ path, method, params, headers, body }) => ({
  path, method, headers, params: params && struct(params),
  body: body && (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))),
}));

/** The body of a response from an offset on, in chunks of 1 MiB at most, each with the whole body's size. */
export async function readBody(through, request) {
  const parts = await collect(through.body(request));
  assert.ok(parts.every(({ chunk }) => chunk.length <= 1024 * 1024));
  const body = Buffer.concat(parts.map(({ chunk }) => chunk));
  assert.ok(parts.every(({ size }) => size === body.length + (request.offset ?? 0)));
  return body;
}

export async function assertStatus(code, promise) {
  const error = await promise.then(() => assert.fail(`${grpc.status[code]} expected, but the call succeeded`), (e) => e);
  assert.equal(error.code, code, error.stack);
  return error;
}

/** The details of a status by their type's name. */
export function details(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(bytes, 'the status carries no details');
  const status = rpcTypes.lookupType('google.rpc.Status').decode(bytes);
  assert.equal(status.code, error.code);
  assert.equal(status.message, error.details);
  return Object.fromEntries(status.details.map(({ type_url: url, value: detail }) => {
    const type = rpcTypes.lookupType(url.split('/').pop());
    return [type.name, type.toObject(type.decode(detail))];
  }));
}
