#!/usr/bin/env bash
# Client streaming over gRPC-Web as text, between the official packages of .NET, fails when the messages are of some lengths.
#
# Versions: Grpc.AspNetCore 2.85.0 and Grpc.AspNetCore.Web 2.85.0 as server, Grpc.Net.Client.Web 2.85.0 as client
# (GrpcWebMode.GrpcWebText), .NET 10, HTTP/1.1. Seen on 2026-11-30.
# Behaviour: a call with three messages, whose base64 needs no padding (frame of a multiple of three bytes), ends with UNKNOWN,
# and the server logs System.InvalidOperationException "Unexpected end of data when reading base64 content."; the same call
# with messages one byte longer succeeds, and so do both in the binary mode (GrpcWebMode.GrpcWeb).
# Output seen:
#   text, frames of 9 bytes: Unknown
#   text, frames of 10 bytes: OK, 3 messages
#   binary, frames of 9 bytes: OK, 3 messages
#   binary, frames of 10 bytes: OK, 3 messages
# Exits with 0 as long as that is so. Needs the .NET 10 SDK. What it means for callers: use the binary mode, which every
# client but a browser can, or one message a call.
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
    <PackageReference Include="Grpc.AspNetCore.Web" Version="2.85.0" />
    <PackageReference Include="Grpc.Net.Client.Web" Version="2.85.0" />
    <Protobuf Include="count.proto" GrpcServices="Both" />
  </ItemGroup>
</Project>
PROJECT
cat > count.proto <<'PROTO'
syntax = "proto3";
package finding;
service Counter { rpc Count(stream Item) returns (Total); }
message Item { bytes data = 1; }
message Total { int32 items = 1; }
PROTO
cat > Program.cs <<'PROGRAM'
using Finding;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Web;

var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddGrpc();
await using var app = builder.Build();
app.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
app.MapGrpcService<CounterService>();
await app.StartAsync();
foreach (var (name, mode) in new[] { ("text", GrpcWebMode.GrpcWebText), ("binary", GrpcWebMode.GrpcWeb) })
{
    // Five bytes before each message, and two before the data in it.
    foreach (var frame in new[] { 9, 10 })
    {
        using var channel = GrpcChannel.ForAddress(app.Urls.First(), new GrpcChannelOptions
        {
            HttpHandler = new GrpcWebHandler(mode, new HttpClientHandler()),
            HttpVersion = new Version(1, 1),
        });
        string outcome;
        try
        {
            using var call = new Counter.CounterClient(channel).Count(deadline: DateTime.UtcNow.AddSeconds(30));
            for (var i = 0; i < 3; i++)
            {
                await call.RequestStream.WriteAsync(new Item { Data = ByteString.CopyFrom(new byte[frame - 7]) });
            }

            await call.RequestStream.CompleteAsync();
            outcome = $"OK, {(await call).Items} messages";
        }
        catch (RpcException exception)
        {
            outcome = exception.StatusCode.ToString();
        }

        Console.WriteLine($"{name}, frames of {frame} bytes: {outcome}");
    }
}

internal sealed class CounterService : Counter.CounterBase
{
    public override async Task<Total> Count(IAsyncStreamReader<Item> requestStream, ServerCallContext context)
    {
        var total = new Total();
        await foreach (var _ in requestStream.ReadAllAsync())
        {
            total.Items++;
        }

        return total;
    }
}
PROGRAM
dotnet build -c Release -v quiet > log || { cat log; exit 2; }
seen=$(dotnet bin/Release/net10.0/finding.dll)
echo "$seen"
expected='text, frames of 9 bytes: Unknown
text, frames of 10 bytes: OK, 3 messages
binary, frames of 9 bytes: OK, 3 messages
binary, frames of 10 bytes: OK, 3 messages'
[ "$seen" = "$expected" ] || { echo 'It behaves otherwise now.'; exit 1; }
