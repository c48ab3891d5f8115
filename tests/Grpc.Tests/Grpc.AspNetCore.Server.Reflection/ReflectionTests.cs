using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Reflection;

public sealed class ReflectionTests : IAsyncLifetime
{
    private GrpcTestServer _server = null!;

    public async Task InitializeAsync() => _server = await GrpcTestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task List_AllMappedServices_Sorted()
    {
        var response = await AskAsync(new ServerReflectionRequest { ListServices = "*" });

        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpctest.v1.EchoService"],
            response.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [InlineData("grpctest.v1.EchoService")]
    [InlineData("grpctest.v1.EchoService.Echo")]
    [InlineData("grpctest.v1.EchoRequest")]
    [InlineData("grpctest.v1.EchoRequest.text")]
    public async Task BySymbol_Known_FileFirst(string symbol)
    {
        var response = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });

        var file = FileDescriptorProto.Parser.ParseFrom(response.FileDescriptorResponse.FileDescriptorProto[0]);
        Assert.Equal("echo.proto", file.Name);
        Assert.Equal(symbol, response.OriginalRequest.FileContainingSymbol);
    }

    [Fact]
    public async Task ByFilename_Known_TheFile()
    {
        var response = await AskAsync(new ServerReflectionRequest { FileByFilename = "echo.proto" });

        Assert.Equal("echo.proto", FileDescriptorProto.Parser.ParseFrom(response.FileDescriptorResponse.FileDescriptorProto[0]).Name);
    }

    [Fact]
    public async Task ByExtension_Known_FileThenItsImports()
    {
        var response = await AskAsync(new ServerReflectionRequest
        {
            FileContainingExtension = new ExtensionRequest { ContainingType = "google.protobuf.MessageOptions", ExtensionNumber = 50_001 },
        });

        Assert.Equal(
            ["echo_options.proto", "google/protobuf/descriptor.proto"],
            response.FileDescriptorResponse.FileDescriptorProto.Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name));
    }

    [Fact]
    public async Task ExtensionNumbers_Known_Sorted()
    {
        var response = await AskAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = "google.protobuf.MessageOptions" });

        Assert.Equal("google.protobuf.MessageOptions", response.AllExtensionNumbersResponse.BaseTypeName);
        Assert.Equal([50_001, 50_002], response.AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact]
    public async Task ExtensionNumbers_MessageWithoutExtensions_Empty()
    {
        var response = await AskAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = "grpctest.v1.EchoRequest" });

        Assert.Empty(response.AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact]
    public async Task Any_Unknown_NotFound()
    {
        ServerReflectionRequest[] requests =
        [
            new() { FileByFilename = "no.proto" },
            new() { FileContainingSymbol = "no.Symbol" },
            new() { AllExtensionNumbersOfType = "no.Type" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "grpctest.v1.EchoRequest", ExtensionNumber = 1 } },
        ];
        foreach (var response in await AskAsync(requests))
        {
            Assert.Equal((int)StatusCode.NotFound, response.ErrorResponse.ErrorCode);
        }
    }

    [Fact]
    public async Task Any_Nothing_InvalidArgument()
    {
        var response = await AskAsync(new ServerReflectionRequest());

        Assert.Equal((int)StatusCode.InvalidArgument, response.ErrorResponse.ErrorCode);
    }

    [Fact]
    public async Task V1Alpha_BySymbol_TheFile()
    {
        using var call = new Grpc.Reflection.V1alpha.ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Grpc.Reflection.V1alpha.ServerReflectionRequest { Host = "h", FileContainingSymbol = "grpctest.v1.EchoRequest" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        var response = call.ResponseStream.Current;
        Assert.Equal("h", response.ValidHost);
        Assert.Equal("echo.proto", FileDescriptorProto.Parser.ParseFrom(response.FileDescriptorResponse.FileDescriptorProto[0]).Name);
    }

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request) => Assert.Single(await AskAsync([request]));

    private async Task<List<ServerReflectionResponse>> AskAsync(ServerReflectionRequest[] requests)
    {
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        var responses = new List<ServerReflectionResponse>();
        foreach (var request in requests)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            responses.Add(call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        return responses;
    }
}
