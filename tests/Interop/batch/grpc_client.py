"""The gateway over gRPC from Python: grpc_client.py HOST:PORT PROTOS

Uses Debian's python3-grpcio and python3-protobuf; protoc compiles the protos when the script starts.
"""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ADDRESS, PROTOS = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = []


def compile_protos():
    """Every message type of the service by its full name, and the service's descriptor."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "protos")
        subprocess.run(
            ["protoc", f"-I{PROTOS}", f"-I{HERE}", "--include_imports", f"--descriptor_set_out={output}",
             "batch/v1/batch_service.proto", "google/rpc/status.proto", "error_details.proto"],
            check=True)
        with open(output, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return pool, lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


POOL, message_type = compile_protos()
SERVICE = POOL.FindServiceByName("batch.v1.BatchService")


class Client:
    """All calls of one credential. Requests are given as their JSON form, replies are messages."""

    def __init__(self, channel, name):
        self._channel = channel
        self._metadata = [("authorization", f"Bearer {name}-{os.getpid()}-{time.time_ns()}")]

    def call(self, name, **request):
        method = SERVICE.methods_by_name[name]
        request = json_format.ParseDict(request, message_type(method.input_type.full_name)())
        connect = self._channel.unary_stream if name == "FetchResults" else self._channel.unary_unary
        stub = connect(
            f"/{SERVICE.full_name}/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message_type(method.output_type.full_name).FromString)
        return stub(request, timeout=60, metadata=self._metadata)

    def upload(self, messages, timeout=120):
        """The call of UploadBatch; messages are lists of requests in their JSON form."""
        method = SERVICE.methods_by_name["UploadBatch"]
        message = message_type(method.input_type.full_name)
        stub = self._channel.stream_unary(
            f"/{SERVICE.full_name}/UploadBatch",
            request_serializer=message.SerializeToString,
            response_deserializer=message_type(method.output_type.full_name).FromString)
        stream = (json_format.ParseDict({"requests": requests}, message()) for requests in messages)
        return stub.future(stream, timeout=timeout, metadata=self._metadata)

    def error(self, name, **request):
        """The status of a call that has to fail."""
        try:
            reply = self.call(name, **request)
            if name == "FetchResults":
                list(reply)
        except grpc.RpcError as error:
            return error
        raise AssertionError(f"{name} succeeded")


def details(error):
    """The messages of google.rpc.Status.details by their type's name."""
    trailers = dict(error.trailing_metadata())
    status = message_type("google.rpc.Status").FromString(trailers["grpc-status-details-bin"])
    assert status.code == error.code().value[0], status
    found = {}
    for detail in status.details:
        full_name = detail.type_url.rpartition("/")[2]
        found[full_name.rpartition(".")[2]] = message_type(full_name).FromString(detail.value)
    return found


def until(what, ask):
    """Asks again and again until the answer is there, for a minute at most."""
    deadline = time.monotonic() + 60
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"gave up after a minute waiting until {what}"
        time.sleep(0.02)
    return answer


def step(function):
    STEPS.append(function)
    return function


def body(value):
    """JSON as the bytes of a request's body, in the form that JSON has for bytes."""
    return base64.b64encode(json.dumps(value).encode()).decode()


CHANNEL = grpc.insecure_channel(ADDRESS)
ME = Client(CHANNEL, "python")
UPLOADER = Client(CHANNEL, "python-uploader")
SOMEBODY_ELSE = Client(CHANNEL, "python-somebody-else")
BATCHES = {}
MIXED = [
    ({"path": "sample/items", "params": {"limit": 3, "sort": "-id"}}, 200,
     lambda b: [item["id"] for item in json.loads(b)["items"]] == [25000, 24999, 24998]),
    ({"path": "/sample/numbers"}, 200, lambda b: b == b'{"n": 12345678901234567890, "d": 1.10}'),
    ({"path": "sample/image.png"}, 200, lambda b: b.startswith(b"\x89PNG\r\n\x1a\n")),
    ({"path": "sample/bytes?size=100000"}, 200, lambda b: b == bytes(i % 251 for i in range(100000))),
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
def upload_a_batch_of_50000():
    chunks = ([{"path": f"sample/echo?i={i}"} for i in range(first, first + 500)] for first in range(0, 50000, 500))
    batch = UPLOADER.upload(chunks).result().batch
    assert (batch.total_requests, len(batch.requests)) == (50000, 0), batch
    seen = {}
    for record in UPLOADER.call("FetchResults", batchId=batch.id, requestFields="index,path,response.statusCode"):
        if record.WhichOneof("record") == "request":
            assert record.request.path == f"sample/echo?i={record.request.index}", record
            assert record.request.response.status_code == 200, record
            seen[record.request.index] = record.position
    assert record.end.running_requests == 0
    assert sorted(seen) == [*range(50000)] and sorted(seen.values()) == [*range(1, 50001)]


@step
def an_upload_with_a_bad_request_is_refused_whole():
    chunks = ([{"path": "sample/items"}] * 500 for _ in range(4))
    error = UPLOADER.upload([*chunks, [{"path": "sample/items"}, {"path": ""}]]).exception()
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    assert [v.field for v in details(error)["BadRequest"].field_violations] == ["requests[2001].path"], error
    assert len(UPLOADER.call("ListBatches").batches) == 1


@step
def an_upload_that_is_broken_off_leaves_nothing():
    def endless():
        yield [{"path": "sample/items"}] * 500
        reading.set()
        broken_off.wait(60)

    reading, broken_off = threading.Event(), threading.Event()
    call = UPLOADER.upload(endless())
    assert reading.wait(60)
    call.cancel()
    broken_off.set()
    assert call.cancelled()
    assert len(UPLOADER.call("ListBatches").batches) == 1


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


@step
def delete_a_batch():
    ME.call("DeleteBatch", batchId=BATCHES["mixed"].id)
    assert ME.error("GetBatchStatus", batchId=BATCHES["mixed"].id).code() == grpc.StatusCode.NOT_FOUND


@step
def a_bad_batch_is_refused_with_every_problem_named():
    bad = [{"path": "sample/items"}, {"path": "http://elsewhere.example/"}, {"path": "sample/items", "method": "STEAL"}]
    error = ME.error("CreateBatch", requests=bad)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    fields = [violation.field for violation in details(error)["BadRequest"].field_violations]
    assert fields == ["requests[1].path", "requests[2].method"], fields
    assert len(ME.call("ListBatches").batches) == 2


def main():
    for function in STEPS:
        name = function.__name__.replace("_", " ")
        try:
            function()
        except BaseException:
            print(f"failed {name}", file=sys.stderr)
            raise
        print(f"ok {name}")
    print(f"all {len(STEPS)} steps ok")


main()
CHANNEL.close()
