using System.ComponentModel;
using Batching.Testing;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Batching.Storage.Tests.Postgres;

/// <summary>A test that needs PostgreSQL, on a machine without it.</summary>
public sealed class SkippedTestCase : XunitTestCase
{
    public SkippedTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    /// <summary>For the runner, which takes it to pieces and puts it together again.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For the runner only.")]
    public SkippedTestCase()
    {
    }

    protected override string GetSkipReason(IAttributeInfo factAttribute) => PostgresServer.WhySkip!;
}
