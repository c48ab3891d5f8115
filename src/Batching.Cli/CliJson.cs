using System.Text.Json;
using System.Text.Json.Serialization;
using Batching.Cli.Output;

namespace Batching.Cli;

/// <summary>JSON that is read and written without reflection, so that the start is short.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(RunState))]
internal sealed partial class CliJson : JsonSerializerContext;
