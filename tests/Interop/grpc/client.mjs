// Runs cases.json with @grpc/grpc-js. Arguments: the server's address (host:port), a file with the descriptors.
import { readFileSync } from "node:fs";
import { credentials, compressionAlgorithms, Client, Metadata, status } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";

const [address, descriptors] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));
const definition = loadFileDescriptorSetFromBuffer(readFileSync(descriptors), { keepCase: true, defaults: true });
const service = definition["grpctest.v1.EchoService"];
const clients = new Map();

function clientFor(compression) {
  const algorithm = compression ? compressionAlgorithms[compression] : compressionAlgorithms.identity;
  if (!clients.has(algorithm)) {
    const options = { "grpc.default_compression_algorithm": algorithm, "grpc.max_receive_message_length": -1 };
    clients.set(algorithm, new Client(address, credentials.createInsecure(), options));
  }
  return clients.get(algorithm);
}

function run(test) {
  const method = service[test.method] ?? service.Echo;
  const path = `/${test.service ?? "grpctest.v1.EchoService"}/${test.method}`;
  const requests = test.requests.map((request) => ({ ...request }));
  if (test.payload_size) requests[0].payload = Buffer.alloc(test.payload_size);
  const metadata = new Metadata();
  for (const [key, value] of test.metadata ?? []) {
    metadata.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  const options = test.timeout_ms ? { deadline: Date.now() + test.timeout_ms } : {};
  const client = clientFor(test.compression);

  return new Promise((resolve) => {
    const seen = { responses: [], headers: new Metadata() };
    const end = () => resolve(seen);
    const unary = (error, response) => {
      seen.error = error;
      if (response) seen.responses.push(response);
      // The status event, which has the trailers, may follow the callback.
      if (seen.status) end();
      else seen.waiting = true;
    };
    const make = [path, method.requestSerialize, method.responseDeserialize];
    let call;
    if (method.requestStream && method.responseStream) call = client.makeBidiStreamRequest(...make, metadata, options);
    else if (method.requestStream) call = client.makeClientStreamRequest(...make, metadata, options, unary);
    else if (method.responseStream) call = client.makeServerStreamRequest(...make, requests[0], metadata, options);
    else call = client.makeUnaryRequest(...make, requests[0], metadata, options, unary);

    call.on("metadata", (headers) => (seen.headers = headers));
    call.on("status", (result) => {
      seen.status = result;
      // Responses that were received before the status may still wait in the stream.
      if (method.responseStream) setImmediate(end);
      else if (seen.waiting) end();
    });
    if (method.responseStream) {
      call.on("data", (response) => seen.responses.push(response));
      call.on("error", (error) => (seen.error = error));
    }
    if (method.requestStream) {
      for (const request of requests) call.write(request);
      call.end();
    }
    if (test.cancel_after_ms) setTimeout(() => call.cancel(), test.cancel_after_ms);
  });
}

function same(what, actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }
}

function check(expected, seen) {
  same("code", status[seen.status.code], expected.code ?? "OK");
  same("error", Boolean(seen.error), (expected.code ?? "OK") !== "OK");
  if (expected.message !== undefined) same("message", seen.status.details, expected.message);
  if (expected.texts) {
    // grpc-js reports an error at once, even while a response before it is still being decompressed.
    const wanted = seen.error ? expected.texts.slice(0, seen.responses.length) : expected.texts;
    same("texts", seen.responses.map((response) => response.text), wanted);
  }
  if (expected.count !== undefined) {
    same("indexes", seen.responses.map((response) => response.index), [...Array(expected.count).keys()]);
  }
  for (const response of seen.responses) {
    if (expected.payload_size !== undefined) same("payload size", response.payload.length, expected.payload_size);
    if (expected.received_size !== undefined) same("received size", response.received_size, expected.received_size);
  }
  const values = (metadata, key) => metadata.get(key).map((value) => (Buffer.isBuffer(value) ? value.toString("base64") : value));
  for (const [key, value] of expected.headers ?? []) same(`header ${key}`, values(seen.headers, key), [value]);
  for (const [key, value] of expected.trailers ?? []) same(`trailer ${key}`, values(seen.status.metadata, key), [value]);
  if (expected.reason) {
    const [details] = seen.status.metadata.get("grpc-status-details-bin");
    same("reason in the details", details.includes(expected.reason), true);
  }
}

let failed = 0;
for (const test of cases) {
  try {
    check(test.expect, await run(test));
    console.log(`ok ${test.name}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${test.name}: ${error.message}`);
  }
}
for (const client of clients.values()) client.close();
process.exit(failed ? 1 : 0);
