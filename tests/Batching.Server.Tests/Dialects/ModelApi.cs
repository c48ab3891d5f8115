using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Dialects;

/// <summary>A stub of a model server: it answers any call with what a model server answers, in form.</summary>
internal static class ModelApi
{
    public static Task<TestApi> StartAsync() => TestApi.StartAsync(static context => TestApi.JsonAsync(
        context,
        context.Request.Path == "/v1/messages"
            ? """{"id":"msg_1","type":"message","content":[{"type":"text","text":"yes"}]}"""
            : """{"id":"chatcmpl-1","choices":[{"index":0,"message":{"role":"assistant","content":"yes"}}]}"""));
}
