using Batching.Engine.Content;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Model;

/// <summary>
/// The row of a page: what a spawned request has that its spawner does not have. Whatever it lacks is the spawner's, so
/// that a query of very many pages keeps header fields and params only once.
/// </summary>
/// <remarks>
/// A row is a <see cref="Request"/> without a method, which every other request in a window has. Its
/// <see cref="Request.SpawnedBy"/> names the spawner; its params are set on top of those of the spawner; a path of its own
/// stands in place of the spawner's path, query and params together; its header fields take the place of the spawner's of their
/// name; its body is a <see cref="BodySplice"/>. <see cref="Request.Pagination"/> belongs to the
/// spawning (see <c>SpawnerState</c>); with a style it says how the page before has led to this one. Stores of schema 2 and before hold pages as whole requests.
/// </remarks>
internal static class PageRow
{
    private const RequestFields Params = RequestFields.Params | RequestFields.ParamsJson;

    /// <summary>An empty row.</summary>
    /// <param name="spawner">The spawner, whose params tell which form those of the row have.</param>
    /// <param name="spawnerId">Its id.</param>
    /// <param name="createTime">When the page was spawned.</param>
    /// <param name="path">Its own path; empty for the spawner's path and params.</param>
    public static Request Create(Request spawner, string spawnerId, Timestamp createTime, string path) => new()
    {
        Path = path,
        SpawnedBy = spawnerId,
        CreateTime = createTime,
        ParamsJson = spawner.ParamsJson.Length > 0 && path.Length == 0 ? "{}" : "",
    };

    /// <summary>The page as it is sent.</summary>
    public static Request ToRequest(Request row, Request spawner)
    {
        var page = new Request
        {
            Path = row.Path,
            Method = spawner.Method,
            SpawnedBy = row.SpawnedBy,
            CreateTime = row.CreateTime,
            Pagination = row.Pagination,
            Body = BodySplice.Apply(spawner.Body, row.Body),
        };
        page.Headers.Add(spawner.Headers);
        foreach (var (name, value) in row.Headers)
        {
            page.Headers[name] = value;
        }

        if (row.Path.Length == 0)
        {
            page.Path = spawner.Path;
            page.Query.Add(spawner.Query);
            page.ParamsJson = spawner.ParamsJson;
            page.Params = spawner.Params?.Clone();
        }

        AddParams(page, row, Params);
        return page;
    }

    /// <summary>The shown fields that a page has from its spawner.</summary>
    public static RequestFields FieldsOfSpawner(Request row) => row.Path.Length > 0
        ? RequestFields.Method
        : RequestFields.Method | RequestFields.Path | RequestFields.Query | Params;

    /// <summary>Adds the shown fields of a row to those that the page has from its spawner.</summary>
    /// <param name="view">Has those of the spawner.</param>
    /// <param name="row">The row.</param>
    /// <param name="fields">Which are wanted.</param>
    public static void AddShown(Request view, Request row, RequestFields fields)
    {
        if (row.Path.Length > 0 && fields.Has(RequestFields.Path))
        {
            view.Path = row.Path;
        }

        if (fields.Has(RequestFields.SpawnedBy))
        {
            view.SpawnedBy = row.SpawnedBy;
        }

        if (fields.Has(RequestFields.CreateTime))
        {
            view.CreateTime = row.CreateTime;
        }

        // Of what the spawning keeps with a page, callers are shown what has led to it.
        if (row.Pagination is { Style: not PaginationStyle.Unspecified } && fields.Has(RequestFields.Pagination))
        {
            view.Pagination = row.Pagination;
        }

        AddParams(view, row, fields);
    }

    // Sets the params of a row on top of those of the spawner.
    private static void AddParams(Request page, Request row, RequestFields fields)
    {
        if (row.ParamsJson.Length > 0)
        {
            if (fields.Has(RequestFields.ParamsJson))
            {
                page.ParamsJson = JsonParams.Merge(page.ParamsJson, row.ParamsJson);
            }
        }
        else if (row.Params is { } added && fields.Has(RequestFields.Params))
        {
            page.Params ??= new Struct();
            foreach (var (name, value) in added.Fields)
            {
                page.Params.Fields[name] = value;
            }
        }
    }
}
