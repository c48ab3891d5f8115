"""Runs cases.json with grpcio. Arguments: the server's address (host:port), a file with the descriptors."""

import base64
import json
import pathlib
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, descriptors = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
for file in descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(descriptors).read_bytes()).file:
    pool.Add(file)
factory = message_factory.MessageFactory(pool)
request_type = factory.GetPrototype(pool.FindMessageTypeByName("grpctest.v1.EchoRequest"))
response_type = factory.GetPrototype(pool.FindMessageTypeByName("grpctest.v1.EchoResponse"))
service = pool.FindServiceByName("grpctest.v1.EchoService")
streams = {"Collect": (True, False), "Expand": (False, True), "Chat": (True, True)}
compressions = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)])


def run(case):
    requests = [json_format.ParseDict(request, request_type()) for request in case["requests"]]
    if "payload_size" in case:
        requests[0].payload = bytes(case["payload_size"])
    options = {
        "timeout": case["timeout_ms"] / 1000 if "timeout_ms" in case else None,
        "metadata": [
            (key, base64.b64decode(value) if key.endswith("-bin") else value) for key, value in case.get("metadata", [])
        ],
        "compression": compressions.get(case.get("compression")),
    }
    path = f"/{case.get('service', 'grpctest.v1.EchoService')}/{case['method']}"
    make = {"request_serializer": request_type.SerializeToString, "response_deserializer": response_type.FromString}
    requests_stream, responses_stream = streams.get(case["method"], (False, False))
    if requests_stream and responses_stream:
        call = channel.stream_stream(path, **make)(iter(requests), **options)
    elif requests_stream:
        call = channel.stream_unary(path, **make).future(iter(requests), **options)
    elif responses_stream:
        call = channel.unary_stream(path, **make)(requests[0], **options)
    else:
        call = channel.unary_unary(path, **make).future(requests[0], **options)

    if "cancel_after_ms" in case:
        threading.Timer(case["cancel_after_ms"] / 1000, call.cancel).start()
    responses = []
    raised = False
    try:
        if responses_stream:
            for response in call:
                responses.append(response)
        else:
            responses.append(call.result())
    except (grpc.RpcError, grpc.FutureCancelledError):
        raised = True
    return call, responses, raised


def same(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} instead of {expected!r}")


def values(metadata, key):
    return [
        base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in metadata or () if name == key
    ]


def check(expected, call, responses, raised):
    code = expected.get("code", "OK")
    same("code", call.code().name, code)
    same("exception", raised, code != "OK")
    if "message" in expected:
        same("message", call.details(), expected["message"])
    if "texts" in expected:
        same("texts", [response.text for response in responses], expected["texts"])
    if "count" in expected:
        same("indexes", [response.index for response in responses], list(range(expected["count"])))
    for response in responses:
        if "payload_size" in expected:
            same("payload size", len(response.payload), expected["payload_size"])
        if "received_size" in expected:
            same("received size", response.received_size, expected["received_size"])
    for key, value in expected.get("headers", []):
        same(f"header {key}", values(call.initial_metadata(), key), [value])
    for key, value in expected.get("trailers", []):
        same(f"trailer {key}", values(call.trailing_metadata(), key), [value])
    if "reason" in expected:
        details = dict(call.trailing_metadata())["grpc-status-details-bin"]
        same("reason in the details", expected["reason"].encode() in details, True)


failed = False
for case in json.loads(pathlib.Path(__file__).with_name("cases.json").read_text(encoding="utf-8")):
    try:
        check(case["expect"], *run(case))
        print("ok", case["name"], flush=True)
    except Exception as error:  # pylint: disable=broad-except
        failed = True
        print(f"not ok {case['name']}: {error}", flush=True)
channel.close()
sys.exit(1 if failed else 0)
