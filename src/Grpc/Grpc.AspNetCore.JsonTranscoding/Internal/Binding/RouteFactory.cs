using Google.Api;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Binding;

/// <summary>Turns the <c>google.api.http</c> rule of a method into routes, and refuses rules that can't work.</summary>
internal sealed class RouteFactory(
    JsonTranscodingOptions options, ProtoJson json, JsonDialect plain, long? maxRequestBodySize)
{
    /// <summary>The routes of a method; none when it has no rule.</summary>
    /// <exception cref="InvalidOperationException">A rule can't work; the message names the method and says
    /// why.</exception>
    public IReadOnlyList<TranscodedRoute> Create(MethodDescriptor method)
    {
        var rule = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http);
        if (rule is null)
        {
            return [];
        }

        try
        {
            if (method.IsClientStreaming)
            {
                throw new FormatException("A client stream has no form in HTTP with JSON.");
            }

            var routes = new List<TranscodedRoute> { CreateRoute(method, rule) };
            foreach (var additional in rule.AdditionalBindings)
            {
                if (additional.AdditionalBindings.Count > 0)
                {
                    throw new FormatException("additional_bindings can't have additional_bindings of their own.");
                }

                routes.Add(CreateRoute(method, additional));
            }

            return routes;
        }
        catch (FormatException e)
        {
            throw new InvalidOperationException($"The HTTP rule of {method.FullName} can't work. {e.Message}", e);
        }
    }

    private TranscodedRoute CreateRoute(MethodDescriptor method, HttpRule rule)
    {
        var (httpMethod, text) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            HttpRule.PatternOneofCase.Post => ("POST", rule.Post),
            HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            HttpRule.PatternOneofCase.Patch => ("PATCH", rule.Patch),
            HttpRule.PatternOneofCase.Custom when rule.Custom.Kind.Length > 0 =>
                (rule.Custom.Kind.ToUpperInvariant(), rule.Custom.Path),
            _ => throw new FormatException("The rule names no HTTP method."),
        };

        var template = HttpTemplate.Parse(text);
        var pathFields = template.Variables.Select(v => ResolvePathField(method, v)).ToArray();
        var bodyField = rule.Body is "" or "*" ? null : FindField(method.InputType, rule.Body, "body");
        if (bodyField is not null && Array.Exists(pathFields, p => p.StartsWith(bodyField)))
        {
            throw new FormatException($"The field '{rule.Body}' is both the body and in the path '{text}'.");
        }

        return new TranscodedRoute(method, httpMethod, template)
        {
            Dialect = options.Dialects.Find(LiteralPrefix(template)) ?? options.Dialects.Find(method.Service) ?? plain,
            Json = json,
            HasBody = rule.Body.Length > 0,
            BodyField = bodyField,
            ResponseBodyField = rule.ResponseBody.Length == 0
                ? null
                : FindField(method.OutputType, rule.ResponseBody, "response_body"),
            MaxRequestBodySize = maxRequestBodySize,
            MaxRequestBodyMemory = options.MaxRequestBodyMemory,
            PathFields = pathFields,
        };
    }

    private BoundPath ResolvePathField(MethodDescriptor method, TemplateVariable variable)
    {
        if (!BoundPath.TryResolve(json.Codecs, method.InputType, variable.FieldPath, out var path, out var problem))
        {
            throw new FormatException(
                $"The path variable '{variable.FieldPath}' can't be bound: " +
                (problem ?? $"{method.InputType.FullName} has no such field."));
        }

        return path.Leaf.Descriptor.IsRepeated
            ? throw new FormatException($"The path variable '{variable.FieldPath}' is a repeated field.")
            : path;
    }

    private static FieldDescriptor FindField(MessageDescriptor message, string name, string role) =>
        message.FindFieldByName(name) ?? throw new FormatException(
            $"The {role} '{name}' is not a field of {message.FullName}.");

    /// <summary>The path up to the first wildcard, to be matched against the prefixes of the dialects.</summary>
    private static string LiteralPrefix(HttpTemplate template) => string.Concat(
        template.Segments.TakeWhile(s => s.Kind == SegmentKind.Literal).Select(s => "/" + s.Text));
}
