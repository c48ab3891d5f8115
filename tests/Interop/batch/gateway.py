"""The gateway as Debian's python3-grpcio calls it. protoc compiles the protos when a script starts."""
import os
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ADDRESS, PROTOS = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
BATCHES = "batch.v1.BatchService"
KEYED = "batch.v1.KeyedBatchService"
HEALTH = "grpc.health.v1.Health"


def compile_protos():
    """Every message type of the service by its full name, and the service's descriptor."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "protos")
        subprocess.run(
            ["protoc", f"-I{PROTOS}", f"-I{HERE}", "--include_imports", f"--descriptor_set_out={output}",
             "batch/v1/batch_service.proto", "batch/v1/keyed_batch_service.proto", "grpc/health/v1/health.proto",
             "google/rpc/status.proto", "error_details.proto"],
            check=True)
        with open(output, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return pool, lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


POOL, message_type = compile_protos()


def connect(*options):
    """A channel, in cleartext or over TLS as the address says."""
    url = urlsplit(ADDRESS)
    if url.scheme == "http":
        return grpc.insecure_channel(url.netloc, options=options)
    with open(os.environ["INTEROP_ROOT"], "rb") as file:
        return grpc.secure_channel(url.netloc, grpc.ssl_channel_credentials(file.read()), options=options)


def credential(name):
    """A credential that no run before used."""
    return f"Bearer {name}-{os.getpid()}-{time.time_ns()}"


class Client:
    """All calls of one credential. Requests are given as their JSON form, replies are messages."""

    def __init__(self, channel, authorization):
        self._channel = channel
        self._metadata = [("authorization", authorization)]

    def stub(self, service, name):
        """What makes a call of a method, and the type of its request."""
        method = POOL.FindServiceByName(service).methods_by_name[name]
        request = message_type(method.input_type.full_name)
        streams = dict.fromkeys(("FetchResults", "ReadBody", "Watch"), "unary_stream")
        kind = {"UploadBatch": "stream_unary", **streams}.get(name, "unary_unary")
        return request, getattr(self._channel, kind)(
            f"/{service}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=message_type(method.output_type.full_name).FromString)

    def call(self, name, of=BATCHES, timeout=60, compression=None, **request):
        message, stub = self.stub(of, name)
        request = json_format.ParseDict(request, message())
        return stub(request, timeout=timeout, metadata=self._metadata, compression=compression)

    def upload(self, messages, timeout=120, compression=None):
        """The call of UploadBatch; messages are lists of requests in their JSON form."""
        message, stub = self.stub(BATCHES, "UploadBatch")
        stream = (json_format.ParseDict({"requests": requests}, message()) for requests in messages)
        return stub.future(stream, timeout=timeout, metadata=self._metadata, compression=compression)

    def read_body(self, batch_id, request_id, offset=0):
        """The body of a response from an offset on, in chunks of 1 MiB at most, each with the whole body's size."""
        parts = list(self.call("ReadBody", batchId=batch_id, requestId=request_id, offset=offset))
        assert all(len(part.chunk) <= 1 << 20 for part in parts)
        body = b"".join(part.chunk for part in parts)
        assert all(part.size == offset + len(body) for part in parts)
        return body

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
    assert (status.code, status.message) == (error.code().value[0], error.details()), status
    found = {}
    for detail in status.details:
        full_name = detail.type_url.rpartition("/")[2]
        found[full_name.rpartition(".")[2]] = message_type(full_name).FromString(detail.value)
    return found


def fields(error):
    """The fields that a BadRequest names."""
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    return [violation.field for violation in details(error)["BadRequest"].field_violations]
