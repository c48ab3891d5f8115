using System.Security.Cryptography;
using Google.Protobuf;

namespace Batching.Engine.Submission;

/// <summary>
/// The hash of what was submitted. It is taken of what was decoded, the caller's fields only, and of maps in the order of their keys:
/// so it is the same for whatever way the same content comes in, and however it is divided into messages. Not thread-safe.
/// </summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly CodedOutputStream _output;

    public ContentHash() => _output = new CodedOutputStream(new HashStream(_hash)) { Deterministic = true };

    /// <summary>Adds the next message, with its length in front of it.</summary>
    public void Add(IMessage message) => _output.WriteMessage(message);

    /// <summary>Adds what is said of the batch as a whole, and returns the hash in base64.</summary>
    public string Finish(SubmissionTerms terms)
    {
        Add(terms.ToMessage());
        _output.Flush();
        return Convert.ToBase64String(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _output.Dispose();
        _hash.Dispose();
    }

    // Takes bytes as they are encoded, so that the content is in memory only once.
    private sealed class HashStream(IncrementalHash hash) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => hash.AppendData(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => hash.AppendData(buffer);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
