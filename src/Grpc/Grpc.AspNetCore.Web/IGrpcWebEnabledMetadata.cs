namespace Grpc.AspNetCore.Web;

/// <summary>Endpoint metadata that turns gRPC-Web on or off.</summary>
public interface IGrpcWebEnabledMetadata
{
    /// <summary>True when the endpoint takes gRPC-Web.</summary>
    bool GrpcWebEnabled { get; }
}
