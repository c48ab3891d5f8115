using Batching.Engine.References;

namespace Batching.Engine.Tests.References;

public sealed class ReferenceTests
{
    [Theory]
    [InlineData("list#/items/0/id", "list", "/items/0/id")]
    [InlineData("list#", "list", "")]
    [InlineData("a.b.status#/x", "a.b.status", "/x")]
    [InlineData("a%23b#/c%7Dd", "a#b", "/c}d")]
    [InlineData("100%25#/%C3%BC", "100%", "/ü")]
    [InlineData("ü key#/a#b", "ü key", "/a#b")]
    public void Parse_Body_HasKeyAndPointer(string text, string key, string place)
    {
        var reference = Reference.Parse(text, out var problem)!;

        Assert.Null(problem);
        Assert.Equal((ReferenceKind.Body, key, place), (reference.Kind, reference.Key, reference.Pointer.ToString()));
    }

    [Theory]
    [InlineData("try.status", "try", nameof(ReferenceKind.Status), "")]
    [InlineData("a.b.status", "a.b", nameof(ReferenceKind.Status), "")]
    [InlineData("create.headers.Location", "create", nameof(ReferenceKind.Header), "location")]
    [InlineData("a.headers.b.headers.x-y", "a.headers.b", nameof(ReferenceKind.Header), "x-y")]
    public void Parse_StatusOrHeader_HasKey(string text, string key, string kind, string header)
    {
        var reference = Reference.Parse(text, out _)!;

        Assert.Equal((key, kind, header), (reference.Key, reference.Kind.ToString(), reference.Header));
    }

    [Theory]
    [InlineData("", "must be key#/json/pointer, key.status or key.headers.name")]
    [InlineData("HOME", "must be key#/json/pointer, key.status or key.headers.name")]
    [InlineData("a.body", "must be key#/json/pointer, key.status or key.headers.name")]
    [InlineData("#/a", "names no key")]
    [InlineData(".status", "names no key")]
    [InlineData("a#b", "has a JSON Pointer that does not begin with a slash")]
    [InlineData("a#/%", "has a percent-encoding that is not complete, or not of UTF-8")]
    [InlineData("a%2#/x", "has a percent-encoding that is not complete, or not of UTF-8")]
    [InlineData("a%ff#/x", "has a percent-encoding that is not complete, or not of UTF-8")]
    [InlineData("a.headers.", "does not end with the name of a header field")]
    [InlineData("a.headers.x y", "does not end with the name of a header field")]
    public void Parse_SomethingElse_HasAProblem(string text, string expected)
    {
        Assert.Null(Reference.Parse(text, out var problem));
        Assert.Equal(expected, problem);
    }
}
