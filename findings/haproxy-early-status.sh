#!/usr/bin/env bash
# Behind HAProxy a gRPC call that is refused before its client has sent everything is CANCELLED, whatever its status was,
# unless the status is all that the reply is.
#
# Versions: HAProxy 2.6.12 (Debian 12, 2.6.12-1+deb12u4), HTTP/2 on both sides; Grpc.AspNetCore 2.85.0 as server,
# Grpc.Net.Client 2.85.0 as client, .NET 10. Seen on 2026-11-30.
# Behaviour: a server that has said everything before it has read everything may reset the stream behind its trailers with
# NO_ERROR, and clients must not discard the response for it (RFC 9113, section 8.1); Kestrel does so. HAProxy hands the trailers
# on and makes CANCEL of the NO_ERROR, which to clients is a stream that has failed. It depends on what comes first, so that a
# few calls get their status. Straight from the server all do, and through HAProxy if the status is all that the reply is
# (Trailers-Only).
# Output seen:
#   direct, behind a head: 50 InvalidArgument
#   direct, alone: 50 InvalidArgument
#   HAProxy, behind a head: most are Cancelled
#   HAProxy, alone: 50 InvalidArgument
# Exits with 0 as long as that is so. Needs the .NET 10 SDK and haproxy. What it means for a service: refuse uploads without a
# head, that is without WriteResponseHeadersAsync before, and with a status that is small enough for one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > finding.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Grpc.AspNetCore" Version="2.85.0" />
    <Protobuf Include="count.proto" GrpcServices="Both" />
  </ItemGroup>
</Project>
PROJECT
cat > count.proto <<'PROTO'
syntax = "proto3";
package finding;
service Counter { rpc Count(stream Item) returns (Total); }
message Item { bool has_head = 1; }
message Total { int32 items = 1; }
PROTO
cat > Program.cs <<'PROGRAM'
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Finding;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;

var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
    kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
builder.Services.AddGrpc();
await using var app = builder.Build();
app.MapGrpcService<CounterService>();
await app.StartAsync();
var server = new Uri(app.Urls.First());

int port;
using (var free = new TcpListener(IPAddress.Loopback, 0))
{
    free.Start();
    port = ((IPEndPoint)free.LocalEndpoint).Port;
}

File.WriteAllText("haproxy.cfg", $"""
    defaults
        mode http
        timeout connect 5000
        timeout client 50000
        timeout server 50000
    listen grpc
        bind 127.0.0.1:{port} proto h2
        server one {server.Authority} proto h2

    """);
using var haproxy = Process.Start("haproxy", ["-f", "haproxy.cfg", "-db"]);
try
{
    while (true)
    {
        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, port);
            break;
        }
        catch (SocketException) when (!haproxy.HasExited)
        {
            await Task.Delay(50);
        }
    }

    foreach (var (name, address) in new[] { ("direct", $"{server}"), ("HAProxy", $"http://127.0.0.1:{port}") })
    {
        Console.WriteLine($"{name}, behind a head: {await CallAsync(address, hasHead: true)}");
        Console.WriteLine($"{name}, alone: {await CallAsync(address, hasHead: false)}");
    }
}
finally
{
    haproxy.Kill();
}

// Fifty calls, each with one message and no end of the sending: how they have ended.
static async Task<string> CallAsync(string address, bool hasHead)
{
    using var channel = GrpcChannel.ForAddress(address);
    var client = new Counter.CounterClient(channel);
    var statuses = new List<StatusCode>();
    for (var i = 0; i < 50; i++)
    {
        using var call = client.Count(deadline: DateTime.UtcNow.AddSeconds(30));
        try
        {
            await call.RequestStream.WriteAsync(new Item { HasHead = hasHead });
            await call;
        }
        catch (RpcException exception)
        {
            statuses.Add(exception.StatusCode);
        }
    }

    var cancelled = statuses.Count(status => status == StatusCode.Cancelled);
    return cancelled > 25 ? "most are Cancelled" : string.Join(", ", statuses.CountBy(status => status).Select(one => $"{one.Value} {one.Key}"));
}

internal sealed class CounterService : Counter.CounterBase
{
    public override async Task<Total> Count(IAsyncStreamReader<Item> requestStream, ServerCallContext context)
    {
        await requestStream.MoveNext();
        if (requestStream.Current.HasHead)
        {
            await context.WriteResponseHeadersAsync([]);
        }

        throw new RpcException(new Status(StatusCode.InvalidArgument, "No such item."));
    }
}
PROGRAM
dotnet build -c Release -v quiet > log || { cat log; exit 2; }
PATH=$PATH:/usr/sbin
seen=$(dotnet bin/Release/net10.0/finding.dll)
echo "$seen"
expected='direct, behind a head: 50 InvalidArgument
direct, alone: 50 InvalidArgument
HAProxy, behind a head: most are Cancelled
HAProxy, alone: 50 InvalidArgument'
[ "$seen" = "$expected" ] || { echo 'It behaves otherwise now.'; exit 1; }
