using Grpc.Core;
using Grpc.JsonTranscoding.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Startup;

public sealed class RuleTests
{
    [Theory]
    [InlineData(typeof(BadServices.UnknownPathFieldService), "'nope'")]
    [InlineData(typeof(BadServices.UnknownNestedPathFieldService), "'next.nope'")]
    [InlineData(typeof(BadServices.PathThroughScalarService), "'name.x'")]
    [InlineData(typeof(BadServices.RepeatedPathFieldService), "repeated")]
    [InlineData(typeof(BadServices.PathThroughRepeatedService), "repeated")]
    [InlineData(typeof(BadServices.MessagePathFieldService), "no text form")]
    [InlineData(typeof(BadServices.MapPathFieldService), "no text form")]
    [InlineData(typeof(BadServices.UnknownBodyService), "body 'nope'")]
    [InlineData(typeof(BadServices.NestedBodyService), "body 'next.name'")]
    [InlineData(typeof(BadServices.BodyInPathService), "both the body and in the path")]
    [InlineData(typeof(BadServices.BodyAroundPathService), "both the body and in the path")]
    [InlineData(typeof(BadServices.UnknownResponseBodyService), "response_body 'nope'")]
    [InlineData(typeof(BadServices.BadTemplateService), "'/bad/{name'")]
    [InlineData(typeof(BadServices.NoPatternService), "no HTTP method")]
    [InlineData(typeof(BadServices.NestedAdditionalService), "additional_bindings")]
    [InlineData(typeof(BadServices.SamePathTwiceService), "clashes")]
    [InlineData(typeof(BadServices.SamePathInOtherWordsService), "clashes")]
    [InlineData(typeof(BadServices.AnyMethodClashesService), "clashes")]
    [InlineData(typeof(BadServices.ClientStreamRuleService), "client stream")]
    [InlineData(typeof(BadServices.DuplexRuleService), "client stream")]
    public async Task Start_RuleCannotWork_SaysWhichMethodAndWhy(Type service, string reason)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(map: app => Map(app, service)));

        var name = service.Name[..^"Service".Length];
        Assert.Contains($"transcoding.test.v1.{name}.Call can't work", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Start_TwoClassesServeOneContract_IsAClash()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(map: app =>
        {
            app.MapGrpcService<BindingService>();
            app.MapGrpcService<OtherBindingService>();
        }));

        Assert.Contains("transcoding.test.v1.Binding.Get", error.Message, StringComparison.Ordinal);
        Assert.Contains("clashes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_MethodIsNotImplemented_AnswersSo()
    {
        await using var server = await TestServer.StartAsync(map: app => app.MapGrpcService<OtherBindingService>());
        using var response = await server.Http1.GetAsync("/v1/query");

        Assert.Equal(501, (int)response.StatusCode);
    }

    private static void Map(WebApplication app, Type service) => typeof(GrpcEndpointRouteBuilderExtensions)
        .GetMethod(nameof(GrpcEndpointRouteBuilderExtensions.MapGrpcService))!
        .MakeGenericMethod(service)
        .Invoke(null, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [app], null);

    private sealed class OtherBindingService : Transcoding.Test.V1.Binding.BindingBase
    {
        public override Task<Everything> Methods(Everything request, ServerCallContext context) => Task.FromResult(request);
    }
}
