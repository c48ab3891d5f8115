using System.Text;

namespace Batching.Engine.Content;

/// <summary>Appends to a path's query, up to a length. Not thread-safe.</summary>
/// <param name="path">The path, with or without a query.</param>
/// <param name="maxLength">Characters. What is behind them is not written.</param>
internal sealed class QueryWriter(string path, int maxLength)
{
    private readonly StringBuilder _query = new(path);
    private bool _needsSeparator = path[^1] is not ('?' or '&') || !path.Contains('?', StringComparison.Ordinal);
    private bool _hasQuery = path.Contains('?', StringComparison.Ordinal);
    private int _unsent;

    /// <summary>Whether more was appended than fits.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>
    /// Counts a parameter that is not sent, because it is null or another one takes its place: it is stored and shown like
    /// the others, and there would else be no end to them.
    /// </summary>
    public void AddUnsent(string name)
    {
        if (HasRoom(name.Length))
        {
            _unsent += name.Length + 1;
        }
    }

    /// <summary>Whether there is room for characters, as far as is known before they are encoded; else it is too long.</summary>
    public bool HasRoom(long length) => !(IsTooLong |= length > maxLength - _query.Length - _unsent);

    /// <summary>Appends a parameter, percent-encoded.</summary>
    public void Add(string name, string value)
    {
        // No character becomes shorter by its encoding.
        if (!HasRoom((long)name.Length + value.Length))
        {
            return;
        }

        if (_needsSeparator)
        {
            _query.Append(_hasQuery ? '&' : '?');
        }

        _query.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        _needsSeparator = true;
        _hasQuery = true;
        IsTooLong = _query.Length > maxLength - _unsent;
    }

    public override string ToString() => _query.ToString();
}
