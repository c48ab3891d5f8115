namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>Recursive descent over the template grammar that google/api/http.proto documents.</summary>
internal ref struct HttpTemplateParser(string text)
{
    private readonly string _text = text;
    private readonly List<TemplateSegment> _segments = [];
    private readonly List<TemplateVariable> _variables = [];
    private int _at;

    public HttpTemplate Parse()
    {
        Expect('/');
        string? verb = null;
        if (_at < _text.Length)
        {
            ReadSegments(insideVariable: false);
            if (Accept(':'))
            {
                verb = ReadLiteral();
            }
        }

        if (_at < _text.Length)
        {
            throw Error($"unexpected '{_text[_at]}'");
        }

        for (var i = 0; i < _segments.Count - 1; i++)
        {
            if (_segments[i].Kind == SegmentKind.Rest)
            {
                throw new FormatException($"The path template '{_text}' is not valid: '**' must be the last segment.");
            }
        }

        return new HttpTemplate(_text, _segments, _variables, verb);
    }

    private void ReadSegments(bool insideVariable)
    {
        do
        {
            ReadSegment(insideVariable);
        }
        while (Accept('/'));
    }

    private void ReadSegment(bool insideVariable)
    {
        if (Accept('*'))
        {
            _segments.Add(new TemplateSegment(Accept('*') ? SegmentKind.Rest : SegmentKind.One, ""));
        }
        else if (_at < _text.Length && _text[_at] == '{')
        {
            if (insideVariable)
            {
                throw Error("a variable can't hold another variable");
            }

            ReadVariable();
        }
        else
        {
            _segments.Add(new TemplateSegment(SegmentKind.Literal, Uri.UnescapeDataString(ReadLiteral())));
        }
    }

    private void ReadVariable()
    {
        Expect('{');
        var fieldPath = ReadFieldPath();
        var start = _segments.Count;
        if (Accept('='))
        {
            ReadSegments(insideVariable: true);
        }
        else
        {
            _segments.Add(new TemplateSegment(SegmentKind.One, ""));
        }

        Expect('}');
        foreach (var other in _variables)
        {
            if (other.FieldPath == fieldPath)
            {
                throw Error($"the variable '{fieldPath}' appears twice");
            }
        }

        var takesRest = _segments[^1].Kind == SegmentKind.Rest;
        _variables.Add(new TemplateVariable(fieldPath, start, _segments.Count, takesRest));
    }

    private string ReadFieldPath()
    {
        var start = _at;
        do
        {
            var identifier = _at;
            while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            {
                _at++;
            }

            if (_at == identifier || char.IsAsciiDigit(_text[identifier]))
            {
                throw Error("a field name was expected");
            }
        }
        while (Accept('.'));

        return _text[start.._at];
    }

    private string ReadLiteral()
    {
        var start = _at;
        while (_at < _text.Length && _text[_at] is not ('/' or ':' or '*' or '{' or '}' or '=' or '?' or '#'))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Error("a segment can't be empty");
    }

    private bool Accept(char expected)
    {
        if (_at >= _text.Length || _text[_at] != expected)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Accept(expected))
        {
            throw Error($"'{expected}' was expected");
        }
    }

    private readonly FormatException Error(string problem) =>
        new($"The path template '{_text}' is not valid: {problem} at offset {_at}.");
}
