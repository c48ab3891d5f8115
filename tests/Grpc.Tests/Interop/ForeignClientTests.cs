using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;

namespace Grpc.Tests.Interop;

/// <summary>The table of cases with the clients of other languages, and calls with buf.</summary>
public sealed class ForeignClientTests
{
    [InteropFact(InteropTool.Node)]
    public Task Cases_Node_AsExpected() => RunCasesAsync((address, descriptors) =>
        ExternalProgram.RunAsync("node", ["client.mjs", address, descriptors]));

    [InteropFact(InteropTool.Python)]
    public Task Cases_Python_AsExpected() => RunCasesAsync((address, descriptors) =>
        ExternalProgram.RunAsync(InteropTools.Python, ["client.py", address, descriptors]));

    [InteropFact(InteropTool.Go)]
    public Task Cases_Go_AsExpected() => RunCasesAsync((address, descriptors) => ExternalProgram.RunAsync(
        "go",
        ["run", "client.go", address, descriptors, "cases.json"],
        ("GO111MODULE", "off"),
        ("GOPATH", InteropTools.GoPath)));

    [InteropFact(InteropTool.Buf)]
    public Task Curl_BufOverGrpc_ListsAndCalls() => RunBufAsync("grpc");

    [InteropFact(InteropTool.Buf)]
    public Task Curl_BufOverGrpcWeb_ListsAndCalls() => RunBufAsync("grpcweb");

    private static async Task RunBufAsync(string protocol)
    {
        await using var server = await StartAsync(compression: null);
        var address = server.Address.ToString().TrimEnd('/');
        Task<(int ExitCode, string Output)> Curl(params string[] arguments) => ExternalProgram.RunAsync(
            InteropTools.Buf, ["curl", "--protocol", protocol, "--http2-prior-knowledge", .. arguments]);

        var services = await Curl("--list-services", address);
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpctest.v1.EchoService"],
            services.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        var methods = await Curl("--list-methods", address);
        Assert.Contains("grpctest.v1.EchoService/Expand", methods.Output, StringComparison.Ordinal);

        var unary = await Curl("-d", """{"text": "hello"}""", $"{address}/grpctest.v1.EchoService/Echo");
        Assert.Equal((0, """{"text":"hello"}"""), (unary.ExitCode, WithoutSpace(unary.Output)));

        var older = await Curl(
            "--reflect-protocol", "grpc-v1alpha", "-d", """{"text": "hello"}""", $"{address}/grpctest.v1.EchoService/Echo");
        Assert.Equal((0, """{"text":"hello"}"""), (older.ExitCode, WithoutSpace(older.Output)));

        var stream = await Curl("-d", """{"text": "x", "count": 3}""", $"{address}/grpctest.v1.EchoService/Expand");
        Assert.Equal((0, """{"text":"x"}{"text":"x","index":1}{"text":"x","index":2}"""), (stream.ExitCode, WithoutSpace(stream.Output)));

        var duplex = await Curl("-d", """{"text": "a"} {"text": "b"}""", $"{address}/grpctest.v1.EchoService/Chat");
        Assert.Equal((0, """{"text":"a"}{"text":"b","index":1}"""), (duplex.ExitCode, WithoutSpace(duplex.Output)));

        var error = await Curl(
            "-d", """{"error_code": 5, "error_message": "not here"}""", $"{address}/grpctest.v1.EchoService/Echo");
        Assert.NotEqual(0, error.ExitCode);
        Assert.Contains("not_found", error.Output, StringComparison.Ordinal);
        Assert.Contains("not here", error.Output, StringComparison.Ordinal);
    }

    private static string WithoutSpace(string json) => string.Concat(json.Where(static c => !char.IsWhiteSpace(c)));

    private static Task<GrpcTestServer> StartAsync(string? compression) => GrpcTestServer.StartAsync(
        options => options.ResponseCompressionAlgorithm = compression,
        map: app => app.UseRouting().UseGrpcWeb(new() { DefaultEnabled = true }));

    private static async Task RunCasesAsync(Func<string, string, Task<(int ExitCode, string Output)>> run)
    {
        var descriptors = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(descriptors, Descriptors().ToByteArray());
            foreach (var compression in (string?[])[null, "gzip"])
            {
                await using var server = await StartAsync(compression);
                server.ExpectErrors = true;
                var (exitCode, output) = await run(
                    string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.Address.Port}"), descriptors);

                var lines = output.Split('\n');
                foreach (var test in InteropCase.Load())
                {
                    Assert.True(
                        lines.Any(line => line == $"ok {test.Name}" || line.StartsWith($"skipped {test.Name}:", StringComparison.Ordinal)),
                        $"\"{test.Name}\" is not ok with {compression ?? "no"} compression:\n{output}");
                }

                Assert.Equal(0, exitCode);
            }
        }
        finally
        {
            File.Delete(descriptors);
        }
    }

    private static FileDescriptorSet Descriptors()
    {
        var set = new FileDescriptorSet();
        Add(EchoReflection.Descriptor);
        return set;

        void Add(FileDescriptor file)
        {
            foreach (var dependency in file.Dependencies)
            {
                Add(dependency);
            }

            if (set.File.All(known => known.Name != file.Name))
            {
                set.File.Add(FileDescriptorProto.Parser.ParseFrom(file.SerializedData));
            }
        }
    }
}
