using System.Text;

namespace Batching.Engine.Upstreams;

/// <summary>Appends to a path's query, up to a length. Not thread-safe.</summary>
/// <param name="path">The path, with or without a query.</param>
/// <param name="maxLength">Characters. What is behind them is not written.</param>
internal sealed class QueryWriter(string path, int maxLength)
{
    private readonly StringBuilder _query = new(path);
    private bool _needsSeparator = path[^1] is not ('?' or '&') || !path.Contains('?', StringComparison.Ordinal);
    private bool _hasQuery = path.Contains('?', StringComparison.Ordinal);

    /// <summary>Whether more was appended than fits.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Appends a parameter, percent-encoded.</summary>
    public void Add(string name, string value)
    {
        // No character becomes shorter by its encoding.
        if (IsTooLong || name.Length + value.Length > maxLength - _query.Length)
        {
            IsTooLong = true;
            return;
        }

        if (_needsSeparator)
        {
            _query.Append(_hasQuery ? '&' : '?');
        }

        _query.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        _needsSeparator = true;
        _hasQuery = true;
        IsTooLong = _query.Length > maxLength;
    }

    public override string ToString() => _query.ToString();
}
