using Batching.Contracts.OpenAi;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.OpenAi;

/// <summary>The attributes of batches that OpenAI's clients submit.</summary>
internal static class OpenAiBatch
{
    /// <summary>Makes it bytes, which no other dialect takes for its own.</summary>
    public static byte[] Pack(StoredBatch batch) => Any.Pack(batch).ToByteArray();

    /// <summary>Whether a batch was submitted by one of them.</summary>
    public static bool IsOwn(byte[] attributes) =>
        attributes.Length > 0 && Any.Parser.ParseFrom(attributes).Is(StoredBatch.Descriptor);

    /// <summary>Reads it.</summary>
    public static StoredBatch Unpack(byte[] attributes) => Any.Parser.ParseFrom(attributes).Unpack<StoredBatch>();
}
