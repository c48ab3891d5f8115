namespace Batching.Storage.Tests.Postgres;

/// <summary>Tests that need a PostgreSQL server. Without its programs all of the class are skipped, those that it inherits too.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = true)]
public sealed class NeedsPostgresAttribute : Attribute;
