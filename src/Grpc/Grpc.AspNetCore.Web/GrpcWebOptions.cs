namespace Grpc.AspNetCore.Web;

/// <summary>How gRPC-Web is served.</summary>
public class GrpcWebOptions
{
    /// <summary>True: every gRPC endpoint takes gRPC-Web unless it is told not to. False by default.</summary>
    public bool DefaultEnabled { get; set; }
}
