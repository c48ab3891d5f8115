#!/usr/bin/env bash
# A content type with a charset that .NET does not know makes a 500 of any transcoded call, also of one without a body.
#
# Versions: Microsoft.AspNetCore.Grpc.JsonTranscoding 10.0.15, Grpc.AspNetCore 2.85.0, .NET 10. Seen on 2026-11-30.
# Behaviour: the transcoder looks the charset up before it reads anything. "windows-1252" is a charset that browsers and old
# clients still name; .NET knows it only with System.Text.Encoding.CodePages. The reply is 500 with the text "Exception was
# thrown by handler.", and an error is logged, for whatever a caller writes there, even for GET. 415 would be expected for
# a body, and nothing for a call without one.
# Output seen:
#   GET, no content type: 200
#   GET, application/json; charset=utf-8: 200
#   GET, application/json; charset=windows-1252: 500
#   POST, application/json; charset=windows-1252: 500
# Exits with 0 as long as that is so. Needs the .NET 10 SDK and curl. What it means for a service: set the content type
# aside, or check it, before the transcoder sees it.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
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
    <PackageReference Include="Microsoft.AspNetCore.Grpc.JsonTranscoding" Version="10.0.15" />
    <PackageReference Include="Google.Api.CommonProtos" Version="2.17.0" GeneratePathProperty="true" />
    <Protobuf Include="greeter.proto" GrpcServices="Server" AdditionalImportDirs="$(PkgGoogle_Api_CommonProtos)/content/protos" />
  </ItemGroup>
</Project>
PROJECT
cat > greeter.proto <<'PROTO'
syntax = "proto3";
package finding;
import "google/api/annotations.proto";
service Greeter {
  rpc Greet(Person) returns (Greeting) {
    option (google.api.http) = {
      get: "/greet/{name}"
      additional_bindings: {
        post: "/greet"
        body: "*"
      }
    };
  }
}
message Person { string name = 1; }
message Greeting { string text = 1; }
PROTO
cat > Program.cs <<'PROGRAM'
using Finding;
using Grpc.Core;

var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddGrpc().AddJsonTranscoding();
await using var app = builder.Build();
app.MapGrpcService<GreeterService>();
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();

internal sealed class GreeterService : Greeter.GreeterBase
{
    public override Task<Greeting> Greet(Person request, ServerCallContext context) =>
        Task.FromResult(new Greeting { Text = $"Hello {request.Name}" });
}
PROGRAM
dotnet build -c Release -v quiet > log || { cat log; exit 2; }
dotnet bin/Release/net10.0/finding.dll > address &
server=$!
for _ in $(seq 100); do [ -s address ] && break; sleep 0.1; done
address=$(cat address)
status() { curl -s -o reply -w '%{http_code}' "$@"; }
odd='Content-Type: application/json; charset=windows-1252'
seen=$(
  echo "GET, no content type: $(status "$address/greet/you")"
  echo "GET, application/json; charset=utf-8: $(status "$address/greet/you" -H 'Content-Type: application/json; charset=utf-8')"
  echo "GET, application/json; charset=windows-1252: $(status "$address/greet/you" -H "$odd")"
  echo "POST, application/json; charset=windows-1252: $(status "$address/greet" -H "$odd" -d '{"name": "you"}')"
)
echo "$seen"
expected='GET, no content type: 200
GET, application/json; charset=utf-8: 200
GET, application/json; charset=windows-1252: 500
POST, application/json; charset=windows-1252: 500'
[ "$seen" = "$expected" ] || { echo 'It behaves otherwise now.'; exit 1; }
