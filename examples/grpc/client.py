"""Submits a batch over gRPC and reads its results, however often it is cut: python3 client.py [localhost:8080]"""
import sys
import time
import grpc
from batch.v1 import batch_pb2, batch_service_pb2, batch_service_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

CALLS = [batch_pb2.Request(path=path) for path in ("sample/items?limit=2", "sample/image.png", "sample/slow?ms=500")]
FINAL = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ABORTED, grpc.StatusCode.UNAUTHENTICATED)

def explain(error):
    """What is wrong with which field, as the details of the error say it."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    problems = error_details_pb2.BadRequest()
    for detail in status_pb2.Status.FromString(details).details:
        detail.Unpack(problems)
    return "; ".join(f"{one.field} {one.description}" for one in problems.field_violations) or error.details()

with grpc.insecure_channel((sys.argv + ["localhost:8080"])[1], [("grpc.max_reconnect_backoff_ms", 5000)]) as channel:
    batches = batch_service_pb2_grpc.BatchServiceStub(channel)
    try:
        batch = batches.CreateBatch(batch_service_pb2.CreateBatchRequest(requests=CALLS), timeout=30).batch
    except grpc.RpcError as error:
        sys.exit(f"refused: {explain(error)}")
    print("batch", batch.id)
    after, running = 0, True
    while running:
        try:
            for record in batches.FetchResults(batch_service_pb2.FetchResultsRequest(batch_id=batch.id, after=after)):
                if record.HasField("request"):
                    print(f"result {record.position}: status {record.request.response.status_code}")
                    after = record.position
                elif record.HasField("end"):
                    running = record.end.running_requests > 0
        except grpc.RpcError as error:
            if error.code() in FINAL:
                raise
            time.sleep(1)
    print("done")
