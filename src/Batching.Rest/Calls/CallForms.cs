namespace Batching.Rest.Calls;

/// <summary>The ways to make a call.</summary>
[Flags]
internal enum CallForms
{
    /// <summary>gRPC and gRPC-Web.</summary>
    Grpc = 1,

    /// <summary>Any path of REST.</summary>
    Rest = 2,

    /// <summary>All of them.</summary>
    All = Grpc | Rest,
}
