namespace Batching.Engine.Model;

/// <summary>The fields of <see cref="V1.Request"/> that a caller wants; <c>id</c> always comes.</summary>
[Flags]
public enum RequestFields
{
    /// <summary>Only <c>id</c>.</summary>
    None = 0,

    /// <summary><c>path</c></summary>
    Path = 1,

    /// <summary><c>method</c></summary>
    Method = 1 << 1,

    /// <summary><c>params</c></summary>
    Params = 1 << 2,

    /// <summary><c>spawner</c></summary>
    Spawner = 1 << 3,

    /// <summary><c>spawned_by</c></summary>
    SpawnedBy = 1 << 4,

    /// <summary><c>create_time</c></summary>
    CreateTime = 1 << 5,

    /// <summary><c>done_time</c></summary>
    DoneTime = 1 << 6,

    /// <summary><c>state</c></summary>
    State = 1 << 7,

    /// <summary><c>position</c></summary>
    Position = 1 << 8,

    /// <summary><c>response.status_code</c></summary>
    StatusCode = 1 << 9,

    /// <summary><c>response.headers</c></summary>
    Headers = 1 << 10,

    /// <summary><c>response.body</c></summary>
    Body = 1 << 11,

    /// <summary><c>response.error</c></summary>
    Error = 1 << 12,

    /// <summary><c>response.size</c></summary>
    Size = 1 << 13,

    /// <summary><c>response.expired</c></summary>
    Expired = 1 << 14,

    /// <summary><c>response.content_type</c></summary>
    ContentType = 1 << 15,

    /// <summary><c>response.content_encoding</c></summary>
    ContentEncoding = 1 << 16,

    /// <summary><c>index</c></summary>
    Index = 1 << 17,

    /// <summary><c>params_json</c></summary>
    ParamsJson = 1 << 18,

    /// <summary><c>query</c></summary>
    Query = 1 << 19,

    /// <summary><c>pagination</c></summary>
    Pagination = 1 << 20,

    /// <summary><c>key</c></summary>
    Key = 1 << 21,

    /// <summary><c>depends_on</c></summary>
    DependsOn = 1 << 22,

    /// <summary><c>run_when</c></summary>
    RunWhen = 1 << 23,

    /// <summary><c>references</c></summary>
    References = 1 << 24,

    /// <summary>All of <c>response</c>.</summary>
    Response = StatusCode | Headers | Body | Error | Size | Expired | ContentType | ContentEncoding,

    /// <summary>The fields that are deleted when the batch expires.</summary>
    Payload = Headers | Body | Error | ContentType | ContentEncoding,

    /// <summary>The fields that the caller gave, and those that are known since the request was accepted or spawned.</summary>
    Definition = Path | Method | Params | ParamsJson | Query | Spawner | SpawnedBy | CreateTime | Pagination | Key | DependsOn | RunWhen
        | References,

    /// <summary>The fields that a detailed status tells.</summary>
    Progress = Index | State | DoneTime | Position | StatusCode | Size,

    /// <summary>Everything.</summary>
    All = Definition | Progress | Response,
}
