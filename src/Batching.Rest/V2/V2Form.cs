namespace Batching.Rest.V2;

/// <summary>The forms of a keyed batch; the reply has the form of the request.</summary>
internal enum V2Form
{
    /// <summary>An object: key and call.</summary>
    Map,

    /// <summary>A list of paths, in a query: the reply is an array.</summary>
    List,

    /// <summary>An object below <c>requests</c>; the reply has one below <c>responses</c>.</summary>
    EnvelopedMap,

    /// <summary>An array below <c>requests</c>; the reply has one below <c>responses</c>.</summary>
    EnvelopedList,
}
