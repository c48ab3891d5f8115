using Batching.Rest.Calls;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Dialects;

/// <summary>A path of a dialect, and all paths below it.</summary>
/// <param name="Given">The path as clients call it.</param>
/// <param name="Rule">The path that the contract has in its place.</param>
/// <param name="Form">The form of its errors.</param>
/// <param name="IdHeader">The header field of a reply that names it.</param>
/// <param name="TakesApiKey">Whether <c>x-api-key</c> is another way to say <c>Authorization: Bearer</c>.</param>
internal sealed record DialectPath(
    PathString Given, PathString Rule, RestForm Form, string IdHeader, bool TakesApiKey = false);
