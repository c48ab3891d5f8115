namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Its registration tells that <c>AddGrpc</c> was called.</summary>
internal sealed class GrpcMarkerService;
