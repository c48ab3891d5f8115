using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Server.Dialects.V0;

/// <summary>Reads the queries of the v0 paths.</summary>
internal static class V0QueryReader
{
    public static void Read(IReadOnlyList<KeyValuePair<string, string>> query, IMessage request)
    {
        var values = new QueryValues(query);
        switch (request)
        {
            case GetBatchStatusRequest status:
                status.Detailed = values.ReadBoolean("detailed");
                status.RequestIds.Add(values.ReadList("request_ids"));
                break;
            case FetchBatchRequest fetch:
                fetch.RequestIds.Add(values.ReadList("request_ids"));
                fetch.RequestFields = ReadFields(values);
                if (values.ReadInteger("after") is { } fetchAfter)
                {
                    fetch.After = fetchAfter;
                }

                break;
            case FetchResultsRequest results:
                results.RequestFields = ReadFields(values);
                if (values.ReadInteger("after") is { } resultsAfter)
                {
                    results.After = resultsAfter;
                }

                break;
            case ListBatchesRequest list:
                list.Limit = (int)Math.Clamp(values.ReadInteger("limit") ?? 0, int.MinValue, int.MaxValue);
                list.PageToken = values.ReadText("page_token");
                break;
        }

        values.ThrowIfBad();
    }

    private static FieldMask ReadFields(QueryValues values)
    {
        const string Name = "request_fields";
        var properties = values.ReadList(Name);
        foreach (var property in properties.Where(property => !V0Property.Fields.ContainsKey(property)))
        {
            values.AddProblem(
                Name, $"has the unknown name '{property}'; known are {string.Join(", ", V0Property.Fields.Keys)}");
        }

        var mask = new FieldMask();
        IEnumerable<string> wanted = properties.Count > 0 ? properties : V0Property.Default;
        mask.Paths.AddRange(wanted
            .Where(V0Property.Fields.ContainsKey)
            .SelectMany(property => V0Property.Fields[property]));
        return mask;
    }
}
