"""What there is to calls beside the life of a batch: deadlines, keys, sizes, compression, health."""
import base64
import json

import grpc

from gateway import HEALTH, KEYED, POOL, Client, connect, credential, details, fields
from story import step, until

CHANNEL = connect()
AUTHORIZATION = credential("python-calls")
ME = Client(CHANNEL, AUTHORIZATION)
SLOW = {"path": "sample/slow?ms=30000"}
LARGE = b"large " * (1 << 20)
POSTED = {
    "path": "sample/echo", "method": "POST", "headers": {"content-type": "text/plain"},
    "body": base64.b64encode(LARGE).decode(),
}


def echo(compression=None, **call):
    """Submits one call that is echoed, and gives the echo."""
    batch = ME.call("CreateBatch", requests=[call], compression=compression).batch
    ids = [batch.requests[0].id]

    def fetch():
        request = ME.call("FetchBatch", batchId=batch.id, requestIds=ids).batch.requests[0]
        return request.HasField("response") and request.response

    response = until("the echo is there", fetch)
    assert response.status_code == 200, response.status_code
    # What is larger than a client accepts by default comes by a call of its own.
    assert response.body_omitted == (response.size > 4 << 20), response.size
    body = response.body
    if response.body_omitted:
        assert body == b""
        body = ME.read_body(batch.id, ids[0])
        assert ME.read_body(batch.id, ids[0], response.size // 2) == body[response.size // 2:]
    assert len(body) == response.size, response.size
    return json.loads(body)


@step
def run_a_keyed_batch():
    replies = ME.call("RunBatch", KEYED, calls=[
        {"key": "a", "request": {"path": "sample/numbers"}},
        {"key": "", "request": {"path": "sample/items/0"}},
        {"key": "bad", "request": {"path": "sample/items", "method": "STEAL"}},
    ]).replies
    assert [(reply.key, reply.response.status_code) for reply in replies] == [("a", 200), ("", 404), ("bad", 400)], replies
    assert replies[0].response.body == b'{"n": 12345678901234567890, "d": 1.10}'
    assert replies[2].response.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    twice = [{"key": "twice", "request": {"path": "sample/numbers"}}] * 2
    assert fields(ME.error("RunBatch", of=KEYED, calls=twice)) == ["calls[1].key"]


@step
def a_deadline_passes():
    error = ME.error("RunBatch", of=KEYED, timeout=0.3, calls=[{"key": "slow", "request": SLOW}])
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    batch_id = ME.call("CreateBatch", requests=[{"path": "sample/numbers"}, SLOW]).batch.id
    stream = ME.call("FetchResults", batchId=batch_id, timeout=1)
    assert next(stream).position == 1
    try:
        raise AssertionError(next(stream))
    except grpc.RpcError as end:
        assert end.code() == grpc.StatusCode.DEADLINE_EXCEEDED, end
    ME.call("DeleteBatch", batchId=batch_id)


@step
def send_and_receive_several_mib():
    assert echo(**POSTED)["body"] == LARGE.decode()


@step
def send_what_is_compressed():
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        assert echo(compression, **POSTED)["body"] == LARGE.decode()
        upload = ME.upload([[POSTED], [POSTED]], compression=compression)
        assert upload.result().batch.total_requests == 2
        error = ME.error("GetBatchStatus", batchId="1234567890123456", compression=compression)
        assert details(error)["ResourceInfo"].resource_name == "1234567890123456"


@step
def the_api_gets_the_credential_and_not_what_else_the_call_carried():
    headers = echo(path="sample/echo", headers={"x-trace": "abc"})["headers"]
    assert (headers["authorization"], headers["x-trace"]) == (AUTHORIZATION, "abc"), headers
    assert not [name for name in headers if name.startswith("grpc-") or name == "te"], headers


@step
def it_is_healthy():
    serving = POOL.FindEnumTypeByName("grpc.health.v1.HealthCheckResponse.ServingStatus").values_by_name["SERVING"].number
    assert ME.call("Check", HEALTH).status == serving
    watch = ME.call("Watch", HEALTH)
    assert next(watch).status == serving
    watch.cancel()
    error = ME.error("Check", of=HEALTH, service="no.such.Service")
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
