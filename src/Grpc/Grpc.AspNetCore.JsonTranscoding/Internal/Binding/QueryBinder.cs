using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Binding;

/// <summary>Binds query parameters to the fields of a request that neither path nor body have taken.</summary>
internal static class QueryBinder
{
    public static void Bind(TranscodedRoute route, IReadOnlyList<KeyValuePair<string, string>> query, IMessage request)
    {
        List<BadRequest.Types.FieldViolation>? violations = null;
        List<BoundPath>? seen = null;
        foreach (var (key, value) in query)
        {
            try
            {
                BindOne(route, key, value, request, ref seen);
            }
            catch (JsonValueException e)
            {
                violations ??= [];
                violations.Add(new BadRequest.Types.FieldViolation { Field = key, Description = e.Message });
            }
        }

        if (violations is not null)
        {
            throw new InvalidRequestException(violations);
        }
    }

    private static void BindOne(
        TranscodedRoute route, string key, string value, IMessage request, ref List<BoundPath>? seen)
    {
        if (!BoundPath.TryResolve(route.Json.Codecs, request.Descriptor, key, out var path, out var problem))
        {
            // Unknown parameters are none of our business: proxies and callers add their own.
            if (problem is not null)
            {
                throw new JsonValueException(problem);
            }

            return;
        }

        if (route.IsTaken(path) || (value.Length == 0 && !HasEmptyText(path.Leaf.Descriptor)))
        {
            return;
        }

        if (!path.Leaf.Descriptor.IsRepeated)
        {
            seen ??= [];
            if (seen.Exists(path.StartsWith))
            {
                throw new JsonValueException("The parameter appears twice.");
            }

            seen.Add(path);
        }

        path.Set(request, value);
    }

    /// <summary>Whether empty text is a value of the field; for other types it means "not set".</summary>
    private static bool HasEmptyText(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String or FieldType.Bytes => true,
        FieldType.Message => field.MessageType.Name is "StringValue" or "BytesValue" or "FieldMask",
        _ => false,
    };
}
