using System.Reflection;
using Batching.Testing;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("Batching.Storage.Tests.Postgres.PostgresTestFramework", "Batching.Storage.Tests")]

namespace Batching.Storage.Tests.Postgres;

/// <summary>
/// Skips the tests of classes that need PostgreSQL where it is missing. An attribute of a test can't: those of a suite don't know
/// which store they run on.
/// </summary>
public sealed class PostgresTestFramework(IMessageSink messages) : XunitTestFramework(messages)
{
    protected override ITestFrameworkDiscoverer CreateDiscoverer(IAssemblyInfo assemblyInfo) =>
        new Discoverer(assemblyInfo, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Discoverer(IAssemblyInfo assembly, ISourceInformationProvider sources, IMessageSink messages)
        : XunitTestFrameworkDiscoverer(assembly, sources, messages)
    {
        protected override bool FindTestsForMethod(
            ITestMethod testMethod,
            bool includeSourceInformation,
            IMessageBus messageBus,
            ITestFrameworkDiscoveryOptions discoveryOptions)
        {
            var isTest = testMethod.Method.GetCustomAttributes(typeof(FactAttribute)).Any();
            var isSkipped = isTest
                && PostgresServer.WhySkip is not null
                && testMethod.TestClass.Class.ToRuntimeType().GetCustomAttribute<NeedsPostgresAttribute>() is not null;
            return isSkipped
                ? ReportDiscoveredTestCase(
                    new SkippedTestCase(
                        DiagnosticMessageSink,
                        discoveryOptions.MethodDisplayOrDefault(),
                        discoveryOptions.MethodDisplayOptionsOrDefault(),
                        testMethod),
                    includeSourceInformation,
                    messageBus)
                : base.FindTestsForMethod(testMethod, includeSourceInformation, messageBus, discoveryOptions);
        }
    }
}
