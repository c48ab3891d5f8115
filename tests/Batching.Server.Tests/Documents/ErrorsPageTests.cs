using System.Text.RegularExpressions;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Grpc.Core;

namespace Batching.Server.Tests.Documents;

/// <summary><c>docs/errors.md</c> has every error that there is.</summary>
public sealed partial class ErrorsPageTests
{
    // Whoever cancels a call is not told so by the gateway. OK is none.
    private static readonly StatusCode[] NotErrors = [StatusCode.OK, StatusCode.Cancelled];

    private static readonly string[] Projects = ["Batching.Rest", "Batching.Server"];

    [Fact]
    public Task Page_OfErrors_IsWhatTheCodeSays() => GeneratedPage.AssertIsAsync("errors.md", ErrorsPage.Make());

    [Fact]
    public void Refusals_AllTypes_AreKindsOfErrors()
    {
        Assert.Equal(
            typeof(Refusal).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(Refusal))).Select(type => type.Name).Order(),
            ErrorsPage.Refusals.Select(pair => pair.Refusal.GetType().Name).Order());
        Assert.All(ErrorsPage.Refusals, pair => Assert.Equal(
            (pair.Kind.HttpStatus, (int)pair.Kind.Code),
            (CallError.FromRpc(pair.Refusal.ToStatus()).HttpStatus, pair.Refusal.ToStatus().Code)));
        Assert.All(ErrorsPage.Refusals, pair => Assert.Equal(
            pair.Kind.Repeat == CallRepeat.AfterRetryInfo,
            pair.Refusal.ToStatus().Details.Any(detail => detail.Is(Google.Rpc.RetryInfo.Descriptor))));
    }

    [Fact]
    public void Kinds_All_AreInTheTableOnceAndInOrder()
    {
        var all = typeof(CallErrorKinds).GetProperties()
            .Where(property => property.PropertyType == typeof(CallErrorKind))
            .Select(property => (CallErrorKind)property.GetValue(null)!)
            .ToArray();

        Assert.Equal(all.Length, CallErrorKinds.All.Distinct().Count());
        Assert.Equal(all.Length, CallErrorKinds.All.Count);
        Assert.Equal(all.Select(kind => kind.HttpStatus).Order(), CallErrorKinds.All.Select(kind => kind.HttpStatus));
    }

    // What a service throws by itself has the code of some kind; statuses of errors stand nowhere else.
    [Fact]
    public void Sources_CodesOfErrors_AreThoseOfKinds()
    {
        string[] sources =
        [
            .. Projects.SelectMany(name => Directory.GetFiles(Path.Combine(Repository.Root, "src", name), "*.cs", SearchOption.AllDirectories))
                .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
                .Where(file => Path.GetFileName(file) is not ("HttpStatusCodes.cs" or "CallErrorKinds.cs" or "RpcMetrics.cs"))
                .Select(File.ReadAllText),
        ];
        var codes = sources.SelectMany(text => Code().Matches(text)).Select(match => match.Groups["code"].Value).Distinct()
            .Where(name => Enum.TryParse<StatusCode>(name, out var code) && !NotErrors.Contains(code))
            .ToArray();

        Assert.NotEmpty(codes);
        Assert.All(codes, code => Assert.Contains(CallErrorKinds.All, kind => kind.Code.ToString() == code));
    }

    [GeneratedRegex(@"\bStatusCode\.(?<code>[A-Z]\w+)")]
    private static partial Regex Code();
}
