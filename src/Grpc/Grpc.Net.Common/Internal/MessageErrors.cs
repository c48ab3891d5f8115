using Grpc.Core;

namespace Grpc.Net.Internal;

/// <summary>The ways in which a message can fail, with the codes that other implementations give.</summary>
internal static class MessageErrors
{
    public static RpcException InvalidFlag() => Error(StatusCode.Internal, "Unexpected compressed flag value in message header.");

    public static RpcException ReceivedTooLarge() =>
        Error(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");

    public static RpcException TakesTooMuchMemory(long limit) => Error(
        StatusCode.ResourceExhausted,
        $"The received message has too many parts: decoded it takes more than {limit} bytes. Send fewer in one message.");

    public static RpcException SendingTooLarge() =>
        Error(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.");

    public static RpcException Incomplete() => Error(StatusCode.Internal, "Incomplete message.");

    public static RpcException MissingMessage() => Error(StatusCode.Internal, "The request has no message.");

    public static RpcException AdditionalData() => Error(StatusCode.Internal, "Additional data after the message received.");

    public static RpcException CompressedWithoutEncoding() =>
        Error(StatusCode.Internal, "A compressed message came without a grpc-encoding that names its compression.");

    public static RpcException Undecodable(string encoding) =>
        Error(StatusCode.Internal, $"A message could not be decompressed as \"{encoding}\".");

    public static RpcException Unparsable(Exception exception) =>
        new(new Status(StatusCode.Internal, "A message could not be deserialized.", exception));

    private static RpcException Error(StatusCode code, string detail) => new(new Status(code, detail));
}
