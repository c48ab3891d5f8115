namespace Batching.Engine.Configuration;

/// <summary>The part of the URL of a next page that is taken.</summary>
public enum NextUrlTrust
{
    /// <summary>All of it. It has to lead to the upstream of the page.</summary>
    Strict,

    /// <summary>
    /// Its query; the path stays that of the page. For APIs that write another scheme, host or path than they are reached at.
    /// </summary>
    QueryOnly,
}
