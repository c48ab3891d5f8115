using System.Buffers;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Batching.Server.Services;

/// <summary>
/// Estimates from the encoding of a protobuf message what it takes in memory, without decoding it: an empty message inside
/// another is two bytes, and becomes an object of hundreds. What is malformed is left for the parser to refuse.
/// </summary>
internal static class MessageMemory
{
    // The parser's own limit.
    private const int MaxDepth = 100;

    private const int ObjectBytes = 24;
    private const int ReferenceBytes = 8;
    private const int RepeatedBytes = 40;
    private const int MapBytes = 200;
    private const int MapEntryBytes = 128;
    private const int ByteStringBytes = 64;
    private const int UnknownFieldBytes = 128;

    private static readonly ConcurrentDictionary<MessageDescriptor, int> EmptySizes = new();

    /// <summary>Bytes that a message would take; not all of them, if they are more than a limit.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="payload">Its encoding.</param>
    /// <param name="limit">Bytes.</param>
    public static long Estimate(MessageDescriptor type, in ReadOnlySequence<byte> payload, long limit)
    {
        var walk = new Walk(payload, limit);
        walk.AddMessage(type, payload.Length, depth: 0);
        return walk.Size;
    }

    private static int GetEmptySize(MessageDescriptor type)
    {
        var size = ObjectBytes;
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            size += ReferenceBytes + (field.IsMap ? MapBytes : field.IsRepeated ? RepeatedBytes : 0);
        }

        return size;
    }

    private ref struct Walk(in ReadOnlySequence<byte> payload, long limit)
    {
        private SequenceReader<byte> _reader = new(payload);
        private long _size;

        public readonly long Size => _size;

        private readonly bool IsBeyond => _size > limit;

        public void AddMessage(MessageDescriptor type, long end, int depth)
        {
            _size += EmptySizes.GetOrAdd(type, GetEmptySize);
            AddFields(type, end, depth);
        }

        private void AddFields(MessageDescriptor type, long end, int depth)
        {
            while (_reader.Consumed < end && !IsBeyond)
            {
                if (!TryReadShort(out var tag) || !TryAddField(type, tag, end, depth))
                {
                    // Malformed: nothing behind it will be decoded.
                    _reader.AdvanceToEnd();
                }
            }
        }

        private bool TryAddField(MessageDescriptor type, uint tag, long end, int depth)
        {
            var field = type.FindFieldByNumber((int)(tag >> 3));
            switch ((WireFormat.WireType)(tag & 7))
            {
                case WireFormat.WireType.Varint:
                    AddNumber(field);
                    return TryReadNumber(out _);
                case WireFormat.WireType.Fixed64:
                    AddNumber(field);
                    return TrySkip(sizeof(ulong));
                case WireFormat.WireType.Fixed32:
                    AddNumber(field);
                    return TrySkip(sizeof(uint));
                case WireFormat.WireType.LengthDelimited:
                    return TryReadShort(out var length)
                        && length <= end - _reader.Consumed
                        && TryAddBytes(field, length, depth);
                case WireFormat.WireType.StartGroup:
                case WireFormat.WireType.EndGroup:
                    _size += UnknownFieldBytes;
                    return true;
                default:
                    return false;
            }
        }

        private void AddNumber(FieldDescriptor? field) =>
            _size += field is null ? UnknownFieldBytes : field.IsRepeated ? sizeof(ulong) : 0;

        private bool TryAddBytes(FieldDescriptor? field, long length, int depth)
        {
            switch (field?.FieldType)
            {
                case null:
                    _size += UnknownFieldBytes + length;
                    break;
                case FieldType.Message when depth == MaxDepth:
                    return false;
                case FieldType.Message when field.IsMap:
                    _size += MapEntryBytes;
                    AddFields(field.MessageType, _reader.Consumed + length, depth + 1);
                    return true;
                case FieldType.Message:
                    _size += ReferenceBytes;
                    AddMessage(field.MessageType, _reader.Consumed + length, depth + 1);
                    return true;
                case FieldType.String:
                    _size += ReferenceBytes + ObjectBytes + (length * sizeof(char));
                    break;
                case FieldType.Bytes:
                    _size += ReferenceBytes + ByteStringBytes + length;
                    break;
                default:
                    // Numbers one behind the other, of a byte each at least.
                    _size += length * sizeof(ulong);
                    break;
            }

            return TrySkip(length);
        }

        private bool TrySkip(long length)
        {
            if (_reader.Remaining < length)
            {
                return false;
            }

            _reader.Advance(length);
            return true;
        }

        // Tags and lengths. The parser drops what goes beyond 32 bits, and so must who is not to be deceived by it.
        private bool TryReadShort(out uint number)
        {
            var isRead = TryReadNumber(out var all);
            number = (uint)all;
            return isRead;
        }

        // A varint, https://protobuf.dev/programming-guides/encoding/#varints.
        private bool TryReadNumber(out ulong number)
        {
            number = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (!_reader.TryRead(out var digit))
                {
                    return false;
                }

                number |= (ulong)(digit & 0x7F) << shift;
                if (digit < 0x80)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
