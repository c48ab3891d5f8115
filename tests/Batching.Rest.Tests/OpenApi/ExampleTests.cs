using System.Globalization;
using System.Text.Json.Nodes;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Every example of the document is a call that was made, and the reply that came.</summary>
public sealed class ExampleTests(ExampleFixture fixture) : IClassFixture<ExampleFixture>
{
    /// <summary>The examples by operation and name.</summary>
    public static TheoryData<string, string> Examples()
    {
        var data = new TheoryData<string, string>();
        foreach (var operation in ApiDocument.Instance.Operations)
        {
            foreach (var name in operation.ExampleNames)
            {
                data.Add(operation.Id, name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_MadeForReal_AnswersAsDocumented(string operationId, string name)
    {
        var operation = ApiDocument.Instance.Operations.Single(one => one.Id == operationId);
        var (status, mediaType, example) = operation.FindReply(name);

        var reply = await fixture.CallAsync(operation, name, mediaType);

        Assert.Equal(status, reply.Status.ToString(CultureInfo.InvariantCulture));
        if (fixture.Writes)
        {
            example["value"] = reply.Body;
        }

        Assert.True(
            JsonNode.DeepEquals(example["value"], reply.Body),
            $"documented:\n{example["value"]?.ToJsonString()}\nactual:\n{reply.Body?.ToJsonString()}");
    }

    // An operation without any is one that nobody has tried.
    [Fact]
    public void Operations_AllOfThem_HaveAnExample() =>
        Assert.DoesNotContain(ApiDocument.Instance.Operations, operation => !operation.ExampleNames.Any());

    [Fact]
    public async Task Document_FromTheGateway_IsTheOneThatIsTested()
    {
        var (text, contentType) = await fixture.GetDocumentAsync();

        Assert.Equal("application/json", contentType);
        Assert.Equal(ApiDocument.Instance.Root.ToJsonString(), JsonNode.Parse(text)!.ToJsonString());
    }
}
