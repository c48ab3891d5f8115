using System.Collections.Concurrent;
using System.Text;

namespace Batching.CrashTests.Callers;

/// <summary>Notes which calls leave over an HTTP/2 connection, and what comes back for each.</summary>
internal sealed class Http2Watch
{
    private static readonly byte[] Name = Encoding.ASCII.GetBytes(ArrivalLog.HeaderName);

    private readonly ConcurrentDictionary<int, ArrivedReply> _waiting = new();
    private readonly ArrivalLog _log;
    private readonly FrameReader _sent;
    private readonly FrameReader _received;

    public Http2Watch(ArrivalLog log)
    {
        _log = log;
        _sent = new FrameReader(FrameReader.Preface, OnSent);
        _received = new FrameReader(skip: 0, OnReceived);
    }

    /// <summary>Whether a call has left whose reply has not ended.</summary>
    public bool IsWaiting => !_waiting.IsEmpty;

    public void Send(ReadOnlySpan<byte> bytes) => _sent.Append(bytes);

    public void Receive(ReadOnlySpan<byte> bytes) => _received.Append(bytes);

    /// <summary>Nothing more can come.</summary>
    public void End()
    {
        foreach (var stream in _waiting.Keys)
        {
            End(stream, isWhole: false);
        }
    }

    // .NET's client encodes a field that HPACK has no name for as plain text, its value after one byte of length.
    private void OnSent(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (type == FrameReader.Headers && payload.IndexOf(Name) is >= 0 and var at)
        {
            var value = payload[(at + Name.Length)..];
            _waiting[stream] = _log.Begin(Encoding.ASCII.GetString(value.Slice(1, value[0])));
        }
    }

    private void OnReceived(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (!_waiting.TryGetValue(stream, out var reply))
        {
            return;
        }

        if (type == FrameReader.Data)
        {
            if ((flags & FrameReader.Padded) != 0)
            {
                throw new InvalidDataException("Kestrel has never padded its frames.");
            }

            reply.Append(payload);
        }

        if (type is FrameReader.Data or FrameReader.Headers && (flags & FrameReader.EndStream) != 0)
        {
            End(stream, isWhole: true);
        }
        else if (type == FrameReader.Reset)
        {
            End(stream, isWhole: false);
        }
    }

    private void End(int stream, bool isWhole)
    {
        if (_waiting.TryRemove(stream, out var reply))
        {
            reply.End(isWhole);
        }
    }
}
