"""Uploads: batches of several messages."""
import threading

from gateway import Client, connect, credential, fields
from story import step

CHANNEL = connect()
ME = Client(CHANNEL, credential("python-uploader"))


@step
def upload_a_batch_of_50000():
    chunks = ([{"path": f"sample/echo?i={i}"} for i in range(first, first + 500)] for first in range(0, 50000, 500))
    batch = ME.upload(chunks).result().batch
    assert (batch.total_requests, len(batch.requests)) == (50000, 0), batch
    seen = {}
    for record in ME.call("FetchResults", batchId=batch.id, requestFields="index,path,response.statusCode"):
        if record.WhichOneof("record") == "request":
            assert record.request.path == f"sample/echo?i={record.request.index}", record
            assert record.request.response.status_code == 200, record
            seen[record.request.index] = record.position
    assert record.end.running_requests == 0
    assert sorted(seen) == [*range(50000)] and sorted(seen.values()) == [*range(1, 50001)]


@step
def an_upload_with_a_bad_request_is_refused_whole():
    chunks = ([{"path": "sample/items"}] * 500 for _ in range(4))
    error = ME.upload([*chunks, [{"path": "sample/items"}, {"path": ""}]]).exception()
    assert fields(error) == ["requests[2001].path"], error
    assert len(ME.call("ListBatches").batches) == 1


@step
def an_upload_that_is_broken_off_leaves_nothing():
    def endless():
        yield [{"path": "sample/items"}] * 500
        reading.set()
        broken_off.wait(60)

    reading, broken_off = threading.Event(), threading.Event()
    call = ME.upload(endless())
    assert reading.wait(60)
    call.cancel()
    broken_off.set()
    assert call.cancelled()
    assert len(ME.call("ListBatches").batches) == 1


@step
def an_upload_that_is_empty_is_refused():
    for messages in ([], [[]]):
        assert fields(ME.upload(messages).exception()) == ["requests"]
