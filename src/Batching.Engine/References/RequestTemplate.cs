using System.Text;
using System.Text.Unicode;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.References;

/// <summary>A request with references in it: their places, and what it is with the values there. Immutable.</summary>
internal sealed class RequestTemplate
{
    // As for the params of every request.
    private const int JsonPerPath = 4;

    private readonly Request _request;
    private readonly LimitOptions _limits;
    private readonly List<(string Field, string Message)> _problems = [];
    private readonly List<Reference> _references = [];
    private readonly TextTemplate? _path;
    private readonly List<(int Index, TextTemplate Value)> _query = [];
    private readonly List<(string Name, TextTemplate Value)> _headers = [];
    private readonly JsonTemplate? _params;
    private readonly JsonTemplate? _body;

    /// <summary>Reads a request.</summary>
    /// <param name="request">The request, which is not changed.</param>
    /// <param name="limits">What it may become.</param>
    public RequestTemplate(Request request, LimitOptions limits)
    {
        _request = request;
        _limits = limits;
        if (!IsWanted(request))
        {
            return;
        }

        _path = Read("path", request.Path);
        for (var i = 0; i < request.Query.Count; i++)
        {
            if (Read($"query[{i}].value", request.Query[i].Value) is { } value)
            {
                _query.Add((i, value));
            }
        }

        _params = ReadParams(request);
        foreach (var (name, text) in request.Headers)
        {
            if (Read($"headers[{name}]", text) is { } value)
            {
                _headers.Add((name, value));
            }
        }

        _body = IsJson(request) ? ReadJson("body", request.Body.Memory, isParams: false) : null;
    }

    /// <summary>The problems with its references: the field of the request, and a sentence without its subject.</summary>
    public IReadOnlyList<(string Field, string Message)> Problems => _problems;

    /// <summary>Its references, in the order of the fields.</summary>
    public IReadOnlyList<Reference> References => _references;

    /// <summary>The header fields whose values are made of references.</summary>
    public IEnumerable<string> FilledHeaders => _headers.Select(static header => header.Name);

    /// <summary>Whether there is nothing to put into it.</summary>
    public bool IsPlain => _path is null && _query.Count == 0 && _headers.Count == 0 && _params is null && _body is null;

    /// <summary>Whether a reference is to the element that the request is made for.</summary>
    public bool IsToItem(Reference reference) => _request.ForEach is not null && reference.Key == Reference.ItemKey;

    /// <summary>Whether references are read in a request.</summary>
    public static bool IsWanted(Request request) =>
        request.HasReferences ? request.References : request.DependsOn.Count > 0 || request.ForEach is not null;

    /// <summary>The number of references that a request may have at most, as far as a look at its size or its bytes shows.</summary>
    public static int MostReferences(Request request)
    {
        if (!IsWanted(request))
        {
            return 0;
        }

        const int shortest = 5;
        var count = request.Path.AsSpan().Count('$') + request.ParamsJson.AsSpan().Count('$') + request.Body.Span.Count((byte)'$')
            + ((request.Params?.CalculateSize() ?? 0) / shortest)
            + request.Query.Sum(static parameter => parameter.Value.AsSpan().Count('$'));
        foreach (var (_, value) in request.Headers)
        {
            count += value.AsSpan().Count('$');
        }

        return count;
    }

    /// <summary>The request with the values in it.</summary>
    /// <param name="values">The values. If they have a problem in the end, the request is of no use.</param>
    public Request Fill(ReferenceFill values)
    {
        var filled = _request.Clone();
        filled.Path = _path?.FillPath(values, _limits.PathLength) ?? filled.Path;
        foreach (var (index, value) in _query)
        {
            filled.Query[index].Value = value.Fill(values, _limits.PathLength);
        }

        foreach (var (name, value) in _headers)
        {
            filled.Headers[name] = value.Fill(values, _limits.HeaderLength);
        }

        if (_params is not null)
        {
            var json = _params.Fill(values, JsonPerPath * _limits.PathLength);
            filled.Params = null;
            filled.ParamsJson = Encoding.UTF8.GetString(json);
            if (!Utf8.IsValid(json))
            {
                values.Fail("A value among its params is not valid Unicode.");
            }
        }

        if (_body is not null)
        {
            filled.Body = UnsafeByteOperations.UnsafeWrap(_body.Fill(values, _limits.ResolvedBodyBytes));
        }

        return filled;
    }

    // Without a type of its own a body is sent as JSON. What is none is sent as it is.
    private static bool IsJson(Request request)
    {
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                return MediaType.Parse(value).IsJson;
            }
        }

        return true;
    }

    private TextTemplate? Read(string field, string text)
    {
        var template = TextTemplate.Parse(text, out var problem);
        Add(field, problem, template?.References ?? []);
        return template;
    }

    private JsonTemplate? ReadParams(Request request)
    {
        if (request.Params is not { } message)
        {
            return request.ParamsJson.Length == 0
                ? null
                : ReadJson("params_json", Encoding.UTF8.GetBytes(request.ParamsJson), isParams: true);
        }

        // If something is wrong with them, that is found where they are sent.
        return request.ParamsJson.Length > 0 || StructParams.FindProblem(message, _limits.ParamsDepth) is not null
            ? null
            : ReadJson("params", Encoding.UTF8.GetBytes(StructText.Write(message)), isParams: true);
    }

    private JsonTemplate? ReadJson(string field, ReadOnlyMemory<byte> json, bool isParams)
    {
        var template = JsonTemplate.Parse(json, isParams, out var problem);
        Add(field, problem, template?.References ?? []);
        return template;
    }

    private void Add(string field, string? problem, IEnumerable<Reference> references)
    {
        if (problem is not null)
        {
            _problems.Add((field, problem));
        }

        foreach (var reference in references)
        {
            _references.Add(reference);
            if (reference.Kind != ReferenceKind.Body && IsToItem(reference))
            {
                _problems.Add((field, $"has the reference {CallerText.Quote(reference.Text)}, but an element has neither status nor headers"));
            }
        }
    }
}
