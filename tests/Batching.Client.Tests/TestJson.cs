using System.Text.Json.Serialization;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Client.Tests;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(NewItem))]
internal sealed partial class TestJson : JsonSerializerContext;
