"""Results and submissions that are larger than the messages a client takes by default: large_messages.py URL PROTOS
SIZE:SHA-256 …, the bodies that the API answers with at bodies/0, bodies/1 …"""
import hashlib
import sys

from gateway import Client, connect, credential
from story import run, step, until

FITS = 4_161_536
BODIES = [(int(size), sha256) for size, sha256 in (text.split(":") for text in sys.argv[3:])]
# No options: the limits are those of the package.
CHANNEL = connect()
ME = Client(CHANNEL, credential("python-large"))
SUBMITTER = Client(CHANNEL, credential("python-large-submitter"))
BATCHES = {}


def identity(body):
    return len(body), hashlib.sha256(body).hexdigest()


def wait_until_done(client, batch_id):
    until("the batch is done", lambda: client.call("GetBatchStatus", batchId=batch_id).batch.running_requests == 0)


def pages(client, batch_id):
    """All results by unary pages, each behind the position of the one before."""
    results = []
    while (page := client.call("FetchBatch", batchId=batch_id, after=len(results))).batch.requests:
        results.extend(page.batch.requests)
        assert page.position == len(results), page.position
    return results


def assert_whole(results):
    """Every body came whole: with its result if it fits into a message, else by a call of its own."""
    assert sorted(request.index for request in results) == [*range(len(BODIES))]
    for request in results:
        response, (size, sha256) = request.response, BODIES[request.index]
        assert (response.status_code, response.size, response.body_omitted) == (200, size, size > FITS), size
        assert response.body == b"" or not response.body_omitted, size
        body = ME.read_body(BATCHES["bodies"].id, request.id) if response.body_omitted else response.body
        assert identity(body) == (size, sha256), size


@step
def pages_give_every_byte():
    requests = [{"path": f"bodies/{i}"} for i in range(len(BODIES))]
    BATCHES["bodies"] = batch = ME.call("CreateBatch", requests=requests).batch
    wait_until_done(ME, batch.id)
    assert_whole(pages(ME, batch.id))


@step
def a_stream_gives_every_byte():
    *results, end = ME.call("FetchResults", batchId=BATCHES["bodies"].id, after=0)
    assert end.WhichOneof("record") == "end" and end.end.running_requests == 0, end
    assert_whole([record.request for record in results])


@step
def a_body_that_was_cut_goes_on_behind_what_has_arrived():
    batch = BATCHES["bodies"]
    for request, (size, sha256) in zip(batch.requests, BODIES, strict=True):
        cut = ME.call("ReadBody", batchId=batch.id, requestId=request.id)
        body = next((part.chunk for part in cut), b"")
        cut.cancel()
        assert len(body) == min(size, 1 << 20), len(body)
        body += ME.read_body(batch.id, request.id, len(body))
        assert identity(body) == (size, sha256), size


@step
def a_batch_whose_echo_is_too_large_is_submitted_once():
    paths = [f"/{i:07}/".ljust(7900, "p") for i in range(550)]
    batch = SUBMITTER.call("CreateBatch", requests=[{"path": path} for path in paths]).batch
    assert (batch.requests_omitted, len(batch.requests), batch.total_requests) == (True, 0, 550)
    assert [listed.id for listed in SUBMITTER.call("ListBatches").batches] == [batch.id]
    wait_until_done(SUBMITTER, batch.id)
    results = pages(SUBMITTER, batch.id)
    assert all(request.response.status_code == 200 for request in results)
    assert [request.path for request in sorted(results, key=lambda request: request.index)] == paths


run()
CHANNEL.close()
