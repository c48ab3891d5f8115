using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding.Internal.Binding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

namespace Grpc.AspNetCore.JsonTranscoding;

/// <summary>
/// One <c>google.api.http</c> rule of one method: which requests it takes and how they map to messages.
/// </summary>
public sealed class TranscodedRoute
{
    internal TranscodedRoute(MethodDescriptor method, string httpMethod, HttpTemplate template)
    {
        Method = method;
        HttpMethod = httpMethod;
        ParsedTemplate = template;
    }

    /// <summary>The method that the rule belongs to.</summary>
    public MethodDescriptor Method { get; }

    /// <summary>The HTTP method in upper case, or <c>*</c> for any.</summary>
    public string HttpMethod { get; }

    /// <summary>The path template as the contract has it.</summary>
    public string Template => ParsedTemplate.Text;

    /// <summary>
    /// Whether the rule maps the HTTP body: to <see cref="BodyField"/>, or to the whole request when that is
    /// null.
    /// </summary>
    public bool HasBody { get; internal init; }

    /// <summary>
    /// The request field that the HTTP body maps to; null for <c>body: "*"</c> and for rules without a body.
    /// </summary>
    public FieldDescriptor? BodyField { get; internal init; }

    /// <summary>The response field that becomes the HTTP body; null when the whole message does.</summary>
    public FieldDescriptor? ResponseBodyField { get; internal init; }

    /// <summary>How the path reads and writes JSON.</summary>
    public required JsonDialect Dialect { get; init; }

    /// <summary>
    /// Canonical proto3 JSON with the settings of this server; knows the types of all transcoded services.
    /// </summary>
    public required ProtoJson Json { get; init; }

    /// <summary>Most bytes of a request body, after decompression; null without a limit.</summary>
    public long? MaxRequestBodySize { get; internal init; }

    /// <summary>Most memory that a message made of a JSON body may take, in bytes; null without a limit.</summary>
    internal long? MaxRequestBodyMemory { get; init; }

    /// <summary>The HTTP methods that requests may come with: HEAD stands beside GET. Empty for any.</summary>
    internal IReadOnlyList<string> Methods { get; set; } = [];

    internal HttpTemplate ParsedTemplate { get; }

    /// <summary>The fields of the template's variables, in the order of the template.</summary>
    internal IReadOnlyList<BoundPath> PathFields { get; init; } = [];

    /// <summary>Whether path or body have taken a field, so that a query parameter of its name means nothing.</summary>
    internal bool IsTaken(BoundPath path)
    {
        if (BodyField is not null && path.StartsWith(BodyField))
        {
            return true;
        }

        foreach (var taken in PathFields)
        {
            if (path.StartsWith(taken))
            {
                return true;
            }
        }

        return false;
    }
}
