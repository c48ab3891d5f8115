using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.Spawning;

/// <summary>One pass over the bytes of a page (<see cref="PagePattern"/>). No document is built.</summary>
internal ref struct PagePass
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    private readonly Span<PageValue> _values;
    private readonly int _offset;
    private readonly int _enough;
    private readonly bool _wantsItems;
    private bool _takesFirstArray;
    private Utf8JsonReader _reader;
    private PageItems _items;
    private bool _isDone;

    public PagePass(ReadOnlySpan<byte> body, Span<PageValue> values, int enough, bool wantsItems, bool takesFirstArray)
    {
        var json = ByteOrderMark.Skip(body);
        _offset = body.Length - json.Length;
        _reader = new Utf8JsonReader(json, ReaderOptions);
        _values = values;
        _values.Clear();
        _enough = enough;
        _wantsItems = wantsItems;
        _takesFirstArray = wantsItems && takesFirstArray;
    }

    public PageItems Read(PagePattern.Node root)
    {
        _reader.Read();
        if (_takesFirstArray && _reader.TokenType == JsonTokenType.StartArray)
        {
            _takesFirstArray = false;
            ReadElements(root, areItems: true);
        }
        else
        {
            ReadValue(root);
        }

        return _items;
    }

    // At its first token; afterwards at its last one.
    private void ReadValue(PagePattern.Node node)
    {
        var kind = _reader.TokenType;
        var start = _offset + (int)_reader.TokenStartIndex;
        switch (kind)
        {
            case JsonTokenType.StartObject when node.Children.Count > 0 || _takesFirstArray:
                ReadMembers(node);
                break;
            case JsonTokenType.StartArray when (node.IsItems && _wantsItems) || node.Children.Count > 0:
                ReadElements(node, node.IsItems && _wantsItems);
                break;
            default:
                _reader.Skip();
                break;
        }

        // Of members of one name the first counts.
        if (!_isDone && node.Slot >= 0 && _values[node.Slot].Kind == JsonTokenType.None)
        {
            _values[node.Slot] = new PageValue(kind, start, _offset + (int)_reader.BytesConsumed);
            EndIfEnough(node.Slot);
        }
    }

    private void ReadMembers(PagePattern.Node node)
    {
        var takesFirstArray = _takesFirstArray;
        _takesFirstArray = false;
        while (!_isDone && _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var child = FindMember(node);
            _reader.Read();
            if (child is not null)
            {
                ReadValue(child);
            }
            else if (takesFirstArray && _items.Count is null && _reader.TokenType == JsonTokenType.StartArray)
            {
                ReadElements(null, areItems: true);
            }
            else
            {
                _reader.Skip();
            }
        }
    }

    private void ReadElements(PagePattern.Node? node, bool areItems)
    {
        var count = 0;
        Range first = default;
        Range last = default;
        while (!_isDone && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            var start = _offset + (int)_reader.TokenStartIndex;
            if (node is { Children.Count: > 0 } && FindElement(node, count) is { } child)
            {
                ReadValue(child);
            }
            else
            {
                _reader.Skip();
            }

            last = start..(_offset + (int)_reader.BytesConsumed);
            if (count++ == 0)
            {
                first = last;
            }
        }

        if (areItems && !_isDone)
        {
            _items = new PageItems(count, first, last);
            if (_enough >= 0)
            {
                EndIfEnough(_enough);
            }
        }
    }

    private void EndIfEnough(int slot) =>
        _isDone = slot == _enough && _values[slot].IsGiven && (!_wantsItems || _items.Count is not null);

    private readonly PagePattern.Node? FindMember(PagePattern.Node node)
    {
        foreach (var child in node.Children)
        {
            if (JsonTokens.Matches(_reader, child.Name))
            {
                return child;
            }
        }

        return null;
    }

    private static PagePattern.Node? FindElement(PagePattern.Node node, int index)
    {
        foreach (var child in node.Children)
        {
            if (child.Index == index)
            {
                return child;
            }
        }

        return null;
    }
}
