// Submits a batch over gRPC and reads its results, however often it is cut: node client.cjs [localhost:8080]
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const includeDirs = [join(__dirname, '../../protos')];
const { batch } = grpc.loadPackageDefinition(loader.loadSync('batch/v1/batch_service.proto', { includeDirs, longs: Number, oneofs: true }));
const details = new protobuf.Root();
details.resolvePath = (_, target) => join(includeDirs[0], target);
details.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
const batches = new batch.v1.BatchService(process.argv[2] ?? 'localhost:8080', grpc.credentials.createInsecure(), { 'grpc.max_reconnect_backoff_ms': 5000 });
const final = [grpc.status.INVALID_ARGUMENT, grpc.status.NOT_FOUND, grpc.status.ABORTED, grpc.status.UNAUTHENTICATED];

/** What is wrong with which field, as the details of the error say it. */
function explain(error) {
  const status = details.lookupType('google.rpc.Status').decode(error.metadata.get('grpc-status-details-bin')[0] ?? Buffer.alloc(0));
  const bad = status.details.find(({ type_url: type }) => type.endsWith('google.rpc.BadRequest'));
  const problems = bad ? details.lookupType('google.rpc.BadRequest').decode(bad.value).fieldViolations : [];
  return problems.map(({ field, description }) => `${field} ${description}`).join('; ') || error.details;
}
batches.createBatch({ requests: ['sample/items?limit=2', 'sample/image.png', 'sample/slow?ms=500'].map((path) => ({ path })) }, async (error, reply) => {
  if (error) throw new Error(`refused: ${explain(error)}`);
  console.log('batch', reply.batch.id);
  for (let after = 0, running = true; running;) {
    try {
      for await (const record of batches.fetchResults({ batchId: reply.batch.id, after })) {
        if (record.record === 'request') console.log(`result ${record.position}: status ${record.request.response.statusCode}`);
        if (record.record === 'end') running = record.end.runningRequests > 0;
        after = record.position;
      }
    } catch (cut) {
      if (final.includes(cut.code)) throw cut;
      await wait(1000);
    }
  }
  console.log('done');
  batches.close();
});
