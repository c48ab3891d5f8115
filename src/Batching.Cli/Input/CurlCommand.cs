using System.Text;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Cli.Input;

/// <summary>
/// Reads a curl command as a call. The host of its URL does not matter: the gateway knows where the path leads to. Options that only
/// say how curl shows things are ignored; those that would change the call and can't be kept are refused.
/// </summary>
internal sealed class CurlCommand
{
    private static readonly HashSet<string> Ignored =
    [
        "-s", "--silent", "-S", "--show-error", "-L", "--location", "-k", "--insecure", "--compressed", "-v", "--verbose", "-i",
        "--include", "-f", "--fail", "--fail-with-body", "-N", "--no-buffer", "-g", "--globoff", "--http1.1", "--http2",
        "--http2-prior-knowledge", "-sS", "-sSL", "-sL", "-fsS", "-fsSL",
    ];

    private static readonly HashSet<string> IgnoredWithValue =
    [
        "-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "--cacert",
    ];

    private readonly List<string> _data = [];
    private readonly Request _request = new();
    private string? _url;
    private bool _isGet;
    private bool _isJson;

    private CurlCommand()
    {
    }

    /// <summary>Reads a command.</summary>
    /// <exception cref="FormatException">It is none, or can't be kept; the message says why.</exception>
    public static Request Read(string command)
    {
        var words = ShellWords.Split(command);
        if (words is not ["curl", .. var arguments])
        {
            throw new FormatException("must be a curl command");
        }

        var read = new CurlCommand();
        for (var at = 0; at < arguments.Count; at++)
        {
            read.Take(arguments, ref at);
        }

        return read.Build();
    }

    private void Take(List<string> arguments, ref int at)
    {
        var word = arguments[at];
        if (!word.StartsWith('-'))
        {
            _url = _url is null ? word : throw new FormatException("has more than one URL");
            return;
        }

        if (Ignored.Contains(word))
        {
            return;
        }

        // -XPUT and --request=PUT.
        string? attached = null;
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            if (word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                (word, attached) = (word[..equals], word[(equals + 1)..]);
            }
        }
        else if (word.Length > 2)
        {
            (word, attached) = (word[..2], word[2..]);
        }

        switch (word)
        {
            case "-G" or "--get":
                _isGet = true;
                return;
            case "-I" or "--head":
                _request.Method = "HEAD";
                return;
        }

        var value = attached ?? (++at < arguments.Count ? arguments[at] : throw new FormatException($"has {word} without a value"));
        switch (word)
        {
            case "-X" or "--request":
                _request.Method = value;
                break;
            case "-H" or "--header":
                SetHeader(value);
                break;
            case "-A" or "--user-agent":
                _request.Headers["User-Agent"] = value;
                break;
            case "-e" or "--referer":
                _request.Headers["Referer"] = value;
                break;
            case "-b" or "--cookie" when value.Contains('=', StringComparison.Ordinal):
                _request.Headers["Cookie"] = value;
                break;
            case "--url":
                _url = value;
                break;
            case "--json":
                _isJson = true;
                AddData(value);
                break;
            case "-d" or "--data" or "--data-ascii" or "--data-binary":
                AddData(value);
                break;
            case "--data-raw":
                _data.Add(value);
                break;
            case "--data-urlencode":
                AddUrlEncoded(value);
                break;
            case var _ when IgnoredWithValue.Contains(word):
                break;
            default:
                throw new FormatException($"has {word}, which is not known here");
        }
    }

    private void SetHeader(string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        var name = colon > 0 ? value[..colon].Trim() : throw new FormatException($"has a header field without a colon: {value}");
        if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException("has Authorization: the credential is that of the whole batch (--token or BATCH_TOKEN)");
        }

        _request.Headers[name] = value[(colon + 1)..].Trim();
    }

    private void AddData(string value) => _data.Add(value.StartsWith('@')
        ? throw new FormatException("takes data from a file (@), which is not read here")
        : value);

    private void AddUrlEncoded(string value)
    {
        if (value.Contains('@', StringComparison.Ordinal) && !value.Contains('=', StringComparison.Ordinal))
        {
            throw new FormatException("takes data from a file (@), which is not read here");
        }

        var equals = value.IndexOf('=', StringComparison.Ordinal);
        _data.Add(equals > 0
            ? $"{value[..equals]}={Uri.EscapeDataString(value[(equals + 1)..])}"
            : Uri.EscapeDataString(value.TrimStart('=')));
    }

    private Request Build()
    {
        _request.Path = PathOf(_url ?? throw new FormatException("has no URL"));
        if (_isGet && _data.Count > 0)
        {
            _request.Path += (_request.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?') + string.Join('&', _data);
        }
        else if (_data.Count > 0)
        {
            _request.Body = ByteString.CopyFrom(string.Join(_isJson ? "" : "&", _data), Encoding.UTF8);
            _request.Method = _request.Method.Length > 0 ? _request.Method : "POST";
            if (!_isJson && !_request.Headers.Keys.Contains("Content-Type", StringComparer.OrdinalIgnoreCase))
            {
                // What curl says if nothing else is said.
                _request.Headers["Content-Type"] = "application/x-www-form-urlencoded";
            }
        }

        return _request;
    }

    // The text as it stands: nothing of it is decoded or encoded anew.
    private static string PathOf(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        var host = scheme < 0 ? 0 : scheme + 3;
        var path = url.IndexOfAny(['/', '?', '#'], host);
        var rest = path < 0 ? "/" : url[path..];
        var fragment = rest.IndexOf('#', StringComparison.Ordinal);
        rest = fragment < 0 ? rest : rest[..fragment];
        return rest.StartsWith('/') ? rest : $"/{rest}";
    }
}
