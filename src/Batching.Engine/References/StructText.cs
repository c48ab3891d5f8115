using System.Text;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.References;

/// <summary>Writes params that came as a message as JSON, so that it is sent as the message would be.</summary>
internal static class StructText
{
    /// <summary>The text of params that are right.</summary>
    public static string Write(Struct parameters)
    {
        var text = new StringBuilder("{");
        foreach (var (name, value) in parameters.Fields)
        {
            text.Append(text.Length > 1 ? "," : "").Append(JsonParams.Encode(name)).Append(':');
            if (value.KindCase == Value.KindOneofCase.ListValue)
            {
                text.Append('[').AppendJoin(',', value.ListValue.Values.Select(Write)).Append(']');
            }
            else
            {
                text.Append(Write(value));
            }
        }

        return text.Append('}').ToString();
    }

    // Deeper than this a query has the text that protobuf makes.
    private static string Write(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => JsonParams.Encode(value.StringValue),
        Value.KindOneofCase.NumberValue => StructParams.FormatNumber(value.NumberValue),
        Value.KindOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        Value.KindOneofCase.StructValue => JsonFormatter.Default.Format(value.StructValue),
        Value.KindOneofCase.ListValue => JsonFormatter.Default.Format(value.ListValue),
        _ => "null",
    };
}
