using System.IO.Compression;
using System.Net;
using System.Text;
using Grpc.JsonTranscoding.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace Grpc.JsonTranscoding.Tests.Calls;

/// <summary>Transcoded calls among other middleware, slow readers and broken clients.</summary>
public sealed class PipelineTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("/base/v1/things/a%2Fb", """{"stringValue":"a/b"}""")]
    [InlineData("/base/v1/shelves/a%2Fb", """{"stringValue":"shelves/a%2Fb"}""")]
    [InlineData("/base/v1/files/a%20b/c", """{"stringValue":"files/a b/c"}""")]
    [InlineData("/base/v1/things/a/../%62%2Fc", """{"stringValue":"b/c"}""")]
    [InlineData("/moved/a%2Fb", """{"stringValue":"a/b"}""")]
    [InlineData("/moved/a%20b", """{"stringValue":"a b"}""")]
    public async Task Send_PathWasRewritten_BindsWhatRoutingSaw(string target, string expected)
    {
        await using var server = await TestServer.StartAsync(map: app =>
        {
            app.UsePathBase("/base");
            app.Use((context, next) =>
            {
                if (context.Request.Path.StartsWithSegments("/moved", out var rest))
                {
                    context.Request.Path = "/v1/things" + rest;
                }

                return next(context);
            });
            app.UseRouting();
            app.MapGrpcService<BindingService>();
        });

        Assert.Equal(expected, await server.Http1.GetStringAsync(ServerFixture.Target(server.Addresses[0], target)));
    }

    [Theory]
    [InlineData("/v1/calls/unary?size=1000")]
    [InlineData("/v1/calls/unary?size=100000")]
    [InlineData("/v1/calls/stream?count=100&size=100")]
    public async Task Send_ResponseCompression_Works(string target)
    {
        await using var server = await TestServer.StartAsync(
            services: s => s.AddResponseCompression(o =>
            {
                o.Providers.Add<GzipCompressionProvider>();
                o.MimeTypes = ["application/json", "application/x-ndjson"];
            }),
            map: app =>
            {
                app.UseResponseCompression();
                app.MapGrpcService<EchoService>();
            });
        var plain = await server.Http1.GetStringAsync(target);
        foreach (var client in new[] { server.Http1, server.Http2 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            request.Headers.AcceptEncoding.ParseAdd("gzip");
            using var response = await client.SendAsync(request);

            Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
            using var reader = new StreamReader(new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
            Assert.Equal(plain, await reader.ReadToEndAsync());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Get_ClientReadsNothing_HoldsTheWriter(int version)
    {
        await using var server = await TestServer.StartAsync();
        var client = version == 0 ? server.Http1 : server.Http2;
        // More than all buffers on the way hold. The handler says when it has written everything.
        using var response = await client.GetAsync(
            "/v1/calls/stream?count=64&size=1000000&text=a", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await reader.ReadLineAsync();

        Assert.False(server.Probe.Started.Task.IsCompleted);
        var lines = 1;
        while (await reader.ReadLineAsync() is not null)
        {
            lines++;
        }

        Assert.Equal(65, lines);
        await server.Probe.Started.Task;
    }

    [Fact]
    public async Task Send_DamagedRequests_NeverFailTheServer()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        await using var server = await TestServer.StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        var counts = new SortedDictionary<HttpStatusCode, int>();
        for (var i = 0; i < 2000; i++)
        {
            var client = random.Next(2) == 0 ? server.Http1 : server.Http2;
            var body = Encoding.UTF8.GetBytes("""{"int32Value":1,"names":["a","b"],"child":{"labels":{"x":"y"}},"any":{"@type":"x/google.protobuf.Duration","value":"1s"}}""");
            body[random.Next(body.Length)] = (byte)random.Next(256);
            body[random.Next(body.Length)] = (byte)random.Next(32, 127);
            string[] paths = ["/v1/body", "/v1/body/things/a%2Fb", "/v1/things/x:cancel", "/old/list", "/v1/archive/a/b:restore"];
            var path = new StringBuilder(paths[random.Next(paths.Length)] + "?int32Value=1&ints=2");
            if (random.Next(2) == 0)
            {
                path[random.Next(1, path.Length)] = "/?&=%:.*+a1"[random.Next(11)];
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, ServerFixture.Target(client.BaseAddress!, path.ToString()));
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            request.Content = new ByteArrayContent(random.Next(4) == 0 ? body[..random.Next(body.Length)] : body);
            request.Content.Headers.TryAddWithoutValidation(
                "Content-Type", random.Next(8) == 0 ? "text/" + (char)random.Next(33, 127) : "application/json");
            using var response = await client.SendAsync(request);

            Assert.InRange((int)response.StatusCode, 200, 499);
            counts[response.StatusCode] = counts.GetValueOrDefault(response.StatusCode) + 1;
        }

        output.WriteLine(string.Join(", ", counts));
        Assert.Empty(server.Log.Entries);
    }
}
