"""The gateway over gRPC from Python: grpc_client.py URL PROTOS"""
import base64
import json
import re
from importlib import import_module

import grpc

from gateway import Client, connect, credential, details, fields
from story import run, step, until


def body(value):
    """JSON as the bytes of a request's body, in the form that JSON has for bytes."""
    return base64.b64encode(json.dumps(value).encode()).decode()


CHANNEL = connect()
ME = Client(CHANNEL, credential("python"))
READER = Client(CHANNEL, credential("python-reader"))
SOMEBODY_ELSE = Client(CHANNEL, credential("python-somebody-else"))
BATCHES = {}
MIXED = [
    ({"path": "sample/items", "params": {"limit": 3, "sort": "-id"}}, 200,
     lambda b: [item["id"] for item in json.loads(b)["items"]] == [25000, 24999, 24998]),
    ({"path": "/sample/numbers"}, 200, lambda b: b == b'{"n": 12345678901234567890, "d": 1.10}'),
    ({"path": "sample/image.png"}, 200, lambda b: b.startswith(b"\x89PNG\r\n\x1a\n")),
    ({"path": "sample/bytes?size=100000"}, 200, lambda b: b == bytes(i % 251 for i in range(100000))),
    ({"path": "sample/text"}, 200, lambda b: "日本語" in b.decode()),
    ({"path": "sample/slow", "params": {"ms": 300}}, 200, lambda b: json.loads(b)["message"] == "At last"),
    ({"path": "sample/empty"}, 204, lambda b: b == b""),
    ({"path": "sample/items/0"}, 404, lambda b: json.loads(b)["status"] == 404),
    ({"path": "sample/fail?status=500"}, 500, lambda b: json.loads(b)["status"] == 500),
    ({"path": "sample/items", "method": "post", "body": body({"name": "from a batch"})}, 201,
     lambda b: json.loads(b)["name"] == "from a batch"),
    ({"path": "sample/echo", "method": "PATCH", "body": body([1, None]), "headers": {"X-Trace": "abc"}}, 200,
     lambda b: json.loads(b)["headers"]["x-trace"] == "abc" and json.loads(json.loads(b)["body"]) == [1, None]),
]


@step
def submit_a_mixed_batch():
    BATCHES["mixed"] = batch = ME.call("CreateBatch", requests=[request for request, _, _ in MIXED]).batch
    assert re.fullmatch("[0-9]{16}", batch.id), batch.id
    assert batch.total_requests == len(MIXED)
    assert [r.path for r in batch.requests] == [request["path"] for request, _, _ in MIXED]
    assert len({r.id for r in batch.requests}) == len(MIXED)


@step
def poll_its_status():
    batch_id = BATCHES["mixed"].id
    until("the batch is done", lambda: ME.call("GetBatchStatus", batchId=batch_id).batch.running_requests == 0)
    detailed = ME.call("GetBatchStatus", batchId=batch_id, detailed=True).batch
    assert [r.response.status_code for r in detailed.requests] == [status for _, status, _ in MIXED], detailed
    assert detailed.failed_requests == sum(status >= 400 for _, status, _ in MIXED)
    assert detailed.response_size == sum(r.response.size for r in detailed.requests)
    assert detailed.done_time.seconds >= detailed.create_time.seconds > 0


@step
def fetch_its_pages_until_nothing_is_left():
    seen = {}

    def fetch():
        batch = ME.call("FetchBatch", batchId=BATCHES["mixed"].id).batch
        for request in batch.requests:
            assert request.id not in seen, f"{request.path} came twice"
            seen[request.id] = request
        return batch.running_requests == 0 and not batch.requests

    until("every result is fetched", fetch)
    for request, (_, status, check) in zip(BATCHES["mixed"].requests, MIXED):
        response = seen[request.id].response
        assert response.status_code == status, (request.path, response.status_code)
        assert check(response.body), (request.path, response.body)
        assert not response.HasField("error")


@step
def fetch_pages_behind_a_position():
    batch_id = READER.call("CreateBatch", requests=[{"path": "sample/bytes?size=1500000"}] * 3).batch.id
    until("the batch is done", lambda: READER.call("GetBatchStatus", batchId=batch_id).batch.running_requests == 0)
    pages = [READER.call("FetchBatch", batchId=batch_id, after=0)]
    while pages[-1].batch.requests:
        pages.append(READER.call("FetchBatch", batchId=batch_id, after=pages[-1].position))
    assert [page.position for page in pages] == [1, 2, 3, 3]
    assert all(len(page.batch.requests[0].response.body) == 1500000 for page in pages[:-1])
    assert READER.call("FetchBatch", batchId=batch_id, after=1) == pages[1]


@step
def cut_a_stream_of_results_and_go_on():
    calls = [{"path": f"sample/items/{i}"} for i in range(1, 12)] + [{"path": "sample/slow?ms=1000"}]
    BATCHES["cut"] = batch = ME.call("CreateBatch", requests=calls).batch
    stream = ME.call("FetchResults", batchId=batch.id)
    positions = [next(stream).position for _ in range(3)]
    stream.cancel()
    assert positions == [1, 2, 3], positions
    running = ME.call("GetBatchStatus", batchId=batch.id).batch.running_requests
    assert running > 0, "the stream waited for the slow call"
    rest = list(ME.call("FetchResults", batchId=batch.id, after=3))
    assert [record.position for record in rest] == [*range(4, 13), 12], rest
    assert [record.WhichOneof("record") for record in rest] == ["request"] * 9 + ["end"]
    assert rest[-1].end.running_requests == 0


@step
def cancel_a_batch():
    BATCHES["cancelled"] = batch = ME.call("CreateBatch", requests=[{"path": "sample/slow?ms=60000"}] * 20).batch
    ME.call("CancelBatch", batchId=batch.id)
    results = [record.request.response for record in ME.call("FetchResults", batchId=batch.id)][:-1]
    assert [response.status_code for response in results] == [499] * 20, results
    assert all(response.error.code == grpc.StatusCode.CANCELLED.value[0] for response in results)


@step
def list_the_batches_newest_first():
    newest_first = [BATCHES[name].id for name in ("cancelled", "cut", "mixed")]
    assert [batch.id for batch in ME.call("ListBatches").batches] == newest_first
    page = ME.call("ListBatches", limit=2)
    assert [batch.id for batch in page.batches] == newest_first[:2]
    page = ME.call("ListBatches", limit=2, pageToken=page.next_page_token)
    assert [batch.id for batch in page.batches] == newest_first[2:]
    assert page.next_page_token == ""


@step
def somebody_else_finds_none_of_it():
    assert not SOMEBODY_ELSE.call("ListBatches").batches
    for name in ("GetBatchStatus", "FetchBatch", "FetchResults", "CancelBatch", "DeleteBatch"):
        error = SOMEBODY_ELSE.error(name, batchId=BATCHES["mixed"].id)
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
        resource = details(error)["ResourceInfo"]
        assert (resource.resource_type, resource.resource_name) == ("batch", BATCHES["mixed"].id), resource


@step
def delete_a_batch():
    ME.call("DeleteBatch", batchId=BATCHES["mixed"].id)
    assert ME.error("GetBatchStatus", batchId=BATCHES["mixed"].id).code() == grpc.StatusCode.NOT_FOUND


@step
def a_bad_batch_is_refused_with_every_problem_named():
    bad = [{"path": "sample/items"}, {"path": "http://elsewhere.example/"}, {"path": "sample/items", "method": "STEAL"}]
    error = ME.error("CreateBatch", requests=bad)
    assert fields(error) == ["requests[1].path", "requests[2].method"], error
    assert fields(ME.error("CreateBatch")) == ["requests"]
    assert len(ME.call("ListBatches").batches) == 2


# Their steps come behind these.
import_module("grpc_uploads")
import_module("grpc_calls")
run()
CHANNEL.close()
